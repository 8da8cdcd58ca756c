//! The two numbers that an invoice carries: its own, of 20 digits, and its issuer's unified social
//! credit code, of 18 characters. Both check themselves. Knows nothing of states or rules.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// A firm, counted from zero.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct FirmId(pub u32);

/// The number of an invoice, 20 digits: year 2, province 2, channel 1, sequence 15 (structure:
/// docs/sources.md, from fiscal-requirements.com).
///
/// How the issuer fills the sequence is our own choice (estimate): terminal 7, count 7, and a Luhn
/// check digit (ISO/IEC 7812-1) over all that stands before it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize,
)]
pub struct InvoiceNumber {
    /// Last two digits of the year.
    pub year: u8,
    /// Two digits (44 is Guangdong).
    pub province: u8,
    /// One digit: the channel by which it was issued.
    pub channel: u8,
    /// Fifteen digits.
    pub sequence: u64,
}

/// Terminals and counts have seven digits each.
pub const SEQUENCE_LIMIT: u32 = 10_000_000;

impl InvoiceNumber {
    /// The number of a terminal's invoice, with the check digit. Counts beyond seven digits carry
    /// into the channel, which has one.
    pub fn new(year: u8, province: u8, terminal: u32, count: u64) -> InvoiceNumber {
        let limit = u64::from(SEQUENCE_LIMIT);
        let channel = u8::try_from(count / limit % 10).expect("a digit is below 256");
        let sequence = (u64::from(terminal % SEQUENCE_LIMIT) * limit + count % limit) * 10;
        let bare = InvoiceNumber {
            year: year % 100,
            province: province % 100,
            channel,
            sequence,
        };
        InvoiceNumber {
            sequence: sequence + bare.check_digit(),
            ..bare
        }
    }

    /// Whether every part has its digits and the check digit is right.
    pub fn is_valid(&self) -> bool {
        self.year < 100
            && self.province < 100
            && self.channel < 10
            && self.sequence < 10 * u64::from(SEQUENCE_LIMIT) * u64::from(SEQUENCE_LIMIT)
            && self.sequence % 10 == self.check_digit()
    }

    /// The terminal that issued it, counted over all firms.
    pub fn terminal(&self) -> u32 {
        let terminal = self.sequence / (10 * u64::from(SEQUENCE_LIMIT));
        u32::try_from(terminal).unwrap_or(u32::MAX)
    }

    /// Luhn's digit for the 19 digits before it.
    fn check_digit(&self) -> u64 {
        let mut sum = 0;
        let mut double = true;
        let mut add = |mut number: u64, digits: u32| {
            for _ in 0..digits {
                let digit = number % 10 * if double { 2 } else { 1 };
                sum += digit / 10 + digit % 10;
                number /= 10;
                double = !double;
            }
        };
        // From the right: the digit next to the check digit counts twice, then every other one.
        add(self.sequence / 10, 14);
        add(u64::from(self.channel), 1);
        add(u64::from(self.province), 2);
        add(u64::from(self.year), 2);
        (10 - sum % 10) % 10
    }
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvoiceNumber {
            year,
            province,
            channel,
            sequence,
        } = self;
        write!(f, "{year:02}{province:02}{channel}{sequence:015}")
    }
}

/// A unified social credit code (GB 32100-2015), 18 characters: registrar 1, class 1, district 6,
/// organisation 9 (GB 11714-1997: 8 and a check character modulo 11), check character modulo 31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct CreditCode(pub [u8; 18]);

/// GB 32100 leaves out I, O, S, V and Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// A company registered with Shenzhen's market regulator; organisations from M0000000.
const PREFIX: &[u8; 9] = b"91440300M";
/// GB 11714's weights of the eight characters of an organisation code.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
/// Where the seven digits of the firm stand.
const DIGITS: std::ops::Range<usize> = 9..16;

impl CreditCode {
    /// The code of a firm, which must have at most seven digits.
    pub fn of_firm(firm: FirmId) -> CreditCode {
        let mut code = [b'0'; 18];
        code[..9].copy_from_slice(PREFIX);
        let mut rest = firm.0;
        for place in DIGITS.rev() {
            code[place] = ALPHABET[(rest % 10) as usize];
            rest /= 10;
        }
        code[16] = organisation_check(&code);
        code[17] = entire_check(&code).unwrap_or(b'0');
        CreditCode(code)
    }

    /// The firm whose code this is; `None` when a character or a check is wrong.
    pub fn firm(&self) -> Option<FirmId> {
        let code = &self.0;
        if &code[..9] != PREFIX || code[16] != organisation_check(code) {
            return None;
        }
        if entire_check(code) != Some(code[17]) {
            return None;
        }
        let digits = code[DIGITS].iter();
        digits
            .map(|digit| digit.checked_sub(b'0').filter(|digit| *digit < 10))
            .try_fold(0, |firm, digit| Some(firm * 10 + u32::from(digit?)))
            .map(FirmId)
    }
}

/// GB 11714: 11 less the weighted sum modulo 11, where 10 is X and 11 is 0.
fn organisation_check(code: &[u8; 18]) -> u8 {
    let value = |character: &u8| match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        _ => u32::from(*character) - u32::from(b'A').min(u32::from(*character)) + 10,
    };
    let weighted = code[8..16].iter().zip(ORGANISATION_WEIGHTS);
    let sum: u32 = weighted
        .map(|(character, weight)| value(character) * weight)
        .sum();
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b"0123456789"[digit as usize],
    }
}

/// GB 32100: the weights are the powers of 3 modulo 31.
fn entire_check(code: &[u8; 18]) -> Option<u8> {
    let mut sum = 0;
    let mut weight = 1;
    for character in &code[..17] {
        sum += value_of(*character)? * weight;
        weight = weight * 3 % 31;
    }
    Some(ALPHABET[(31 - sum % 31) % 31])
}

/// The value of a character, by arithmetic: this runs for every invoice.
fn value_of(character: u8) -> Option<usize> {
    let skipped = match character {
        b'0'..=b'9' => return Some(usize::from(character - b'0')),
        b'A'..=b'H' => 0,
        b'J'..=b'N' => 1,
        b'P'..=b'R' => 2,
        b'T'..=b'U' => 3,
        b'W'..=b'Y' => 4,
        _ => return None,
    };
    Some(usize::from(character - b'A') + 10 - skipped)
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CreditCode({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_codes_check() {
        // Codes that companies print on their own sites: Tencent (Shenzhen), Alibaba (China).
        for published in [b"9144030071526726XG", b"91330100799655058B"] {
            assert_eq!(organisation_check(published), published[16]);
            assert_eq!(entire_check(published), Some(published[17]));
        }
        for (value, character) in ALPHABET.iter().enumerate() {
            assert_eq!(value_of(*character), Some(value));
        }
        assert!(
            b"IOSVZa -"
                .iter()
                .all(|character| value_of(*character).is_none())
        );
    }

    #[test]
    fn numbers_print_twenty_digits() {
        let number = InvoiceNumber::new(25, 44, 1_234, 56);
        assert_eq!(number.to_string().len(), 20);
        assert!(number.to_string().starts_with("254400001234000005"));
        assert_eq!(InvoiceNumber::new(25, 44, 1, 30_000_005).channel, 3);
    }

    proptest! {
        #[test]
        fn numbers_are_valid_and_one_wrong_digit_shows(
            terminal in 0..SEQUENCE_LIMIT,
            count in 0..100_000_000_u64,
            place in 0..15_u32,
            add in 1..10_u64,
        ) {
            let number = InvoiceNumber::new(25, 44, terminal, count);
            prop_assert!(number.is_valid());
            prop_assert_eq!(number.terminal(), terminal);
            let scale = 10_u64.pow(place);
            let digit = number.sequence / scale % 10;
            let sequence = number.sequence - digit * scale + (digit + add) % 10 * scale;
            let wrong = InvoiceNumber { sequence, ..number };
            prop_assert!(!wrong.is_valid());
        }

        #[test]
        fn codes_are_valid_and_one_wrong_character_shows(
            firm in 0..10_000_000_u32, place in 0..18_usize, other in 0..31_usize,
        ) {
            let code = CreditCode::of_firm(FirmId(firm));
            prop_assert_eq!(code.firm(), Some(FirmId(firm)));
            let mut wrong = code;
            wrong.0[place] = ALPHABET[other];
            prop_assert!(wrong == code || wrong.firm().is_none());
        }

        #[test]
        fn any_bytes_are_judged(bytes: [u8; 18]) {
            let mut code = CreditCode(bytes);
            code.0[..9].copy_from_slice(PREFIX);
            let _ = code.firm();
        }
    }
}
