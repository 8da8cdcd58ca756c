//! Quantities as people write them, as whole numbers of a base unit.
//!
//! Decimals are read digit by digit and never pass through a binary float, so
//! 26.5 ms is 26,500,000 ns on every machine.

/// What a number measures, and the base unit that it is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A whole number.
    Count,
    /// Kept in nanoseconds.
    Duration,
    /// A small duration, kept in picoseconds.
    FineDuration,
    /// A plain number of milliseconds, kept in nanoseconds.
    Milliseconds,
    /// Kept in bits per second.
    Bandwidth,
    /// Kept in bytes per second.
    ByteRate,
    /// Kept in bytes.
    Size,
    /// A part of a whole, kept in millionths.
    Share,
    /// A decimal number, kept in thousandths.
    Decimal,
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    /// It does not begin with a number.
    NotANumber,
    /// A number without the unit that it needs.
    NoUnit,
    /// The unit is none of this kind.
    UnknownUnit(String),
    /// Below zero.
    Negative,
    /// Finer than the base unit.
    TooFine,
    /// Beyond 64 bits.
    TooLarge,
}

const DURATION: &[(&str, u128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const FINE_DURATION: &[(&str, u128)] = &[("ps", 1), ("ns", 1_000), ("us", 1_000_000)];
const BANDWIDTH: &[(&str, u128)] = &[
    ("bps", 1),
    ("kbps", 1_000),
    ("Kbps", 1_000),
    ("Mbps", 1_000_000),
    ("Gbps", 1_000_000_000),
    ("Tbps", 1_000_000_000_000),
    ("Kibps", 1 << 10),
    ("Mibps", 1 << 20),
    ("Gibps", 1 << 30),
];
const BYTE_RATE: &[(&str, u128)] = &[
    ("B/s", 1),
    ("kB/s", 1_000),
    ("KB/s", 1_000),
    ("MB/s", 1_000_000),
    ("GB/s", 1_000_000_000),
    ("KiB/s", 1 << 10),
    ("MiB/s", 1 << 20),
    ("GiB/s", 1 << 30),
];
const SIZE: &[(&str, u128)] = &[
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

impl Unit {
    /// Suffixes with their size in base units.
    fn suffixes(self) -> &'static [(&'static str, u128)] {
        match self {
            Self::Count => &[("", 1)],
            Self::Duration => DURATION,
            Self::FineDuration => FINE_DURATION,
            Self::Milliseconds => &[("", 1_000_000)],
            Self::Bandwidth => BANDWIDTH,
            Self::ByteRate => BYTE_RATE,
            Self::Size => SIZE,
            Self::Share => &[("", 1_000_000), ("%", 10_000), ("ppm", 1)],
            Self::Decimal => &[("", 1_000)],
        }
    }

    /// The kind in words.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Count => "a whole number",
            Self::Duration | Self::FineDuration => "a duration",
            Self::Milliseconds => "a number of milliseconds",
            Self::Bandwidth => "a bandwidth",
            Self::ByteRate => "a rate of bytes",
            Self::Size => "a size",
            Self::Share => "a share",
            Self::Decimal => "a number",
        }
    }

    /// Well-formed values.
    pub(crate) fn examples(self) -> &'static str {
        match self {
            Self::Count => "1000 or 17_800_000",
            Self::Duration => "20ms, 1.5s or 2m",
            Self::FineDuration => "600ps or 22us",
            Self::Milliseconds => "26.5",
            Self::Bandwidth => "1Gbps or 100Mbps",
            Self::ByteRate => "1.3GB/s or 500MiB/s",
            Self::Size => "64KiB or 1MiB",
            Self::Share => "1%, 250ppm or 0.01",
            Self::Decimal => "2.5",
        }
    }

    /// A bare number with the units that were likely meant.
    pub(crate) fn with_units(self, number: &str) -> String {
        let (likely, or) = match self {
            Self::Duration => ("s", "ms"),
            Self::FineDuration => ("ns", "ps"),
            Self::Bandwidth => ("Gbps", "Mbps"),
            Self::ByteRate => ("GB/s", "MB/s"),
            // The other kinds take bare numbers.
            _ => return self.examples().to_owned(),
        };
        format!("{number}{likely} or {number}{or}")
    }

    /// A regular expression of the written form, for the schema; `None` where
    /// the value is a YAML number.
    pub(crate) fn pattern(self) -> Option<String> {
        let suffixes: Vec<&str> = self
            .suffixes()
            .iter()
            .map(|(suffix, _)| *suffix)
            .filter(|suffix| !suffix.is_empty())
            .collect();
        (!suffixes.is_empty())
            .then(|| format!("^[0-9][0-9_]*(\\.[0-9]+)? ?({})$", suffixes.join("|")))
    }

    /// Reads a quantity in base units.
    pub(crate) fn parse(self, text: &str) -> Result<u64, Misread> {
        let (number, suffix) = split(text)?;
        let decimal = Decimal::parse(number).ok_or(Misread::NotANumber)?;
        let scale = match self.suffixes().iter().find(|(known, _)| *known == suffix) {
            Some(&(_, scale)) => scale,
            // Nothing of something is nothing in any unit.
            None if suffix.is_empty() && decimal.digits == 0 => 1,
            None if suffix.is_empty() => return Err(Misread::NoUnit),
            None => return Err(Misread::UnknownUnit(suffix.to_owned())),
        };
        if decimal.negative && decimal.digits > 0 {
            return Err(Misread::Negative);
        }
        decimal.times(scale)
    }

    /// Writes base units in the largest unit that needs no fraction, or as a
    /// decimal where the kind has no units.
    pub(crate) fn format(self, value: u64) -> String {
        match self {
            Self::Count => grouped(value),
            Self::Milliseconds => decimal(value, 6),
            Self::Decimal => decimal(value, 3),
            Self::Share => format!("{}%", decimal(value, 4)),
            _ => {
                if value == 0 {
                    return "0".to_owned();
                }
                let mut best = (self.suffixes()[0].0, 1);
                for &(suffix, scale) in self.suffixes() {
                    let exact = u128::from(value).is_multiple_of(scale);
                    if exact && scale > best.1 && suffix != "µs" {
                        best = (suffix, scale);
                    }
                }
                let suffix = match (self, best.0) {
                    (Self::Size, "") => "B",
                    (_, suffix) => suffix,
                };
                format!("{}{suffix}", u128::from(value) / best.1)
            }
        }
    }
}

/// Splits `1.5 s` into its number and its unit.
fn split(text: &str) -> Result<(&str, &str), Misread> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let exponent = matches!(bytes[end], b'e' | b'E')
            && end > 0
            && bytes[end + 1..]
                .iter()
                .find(|byte| !matches!(byte, b'+' | b'-'))
                .is_some_and(u8::is_ascii_digit);
        let sign = matches!(bytes[end], b'+' | b'-')
            && (end == 0 || matches!(bytes[end - 1], b'e' | b'E'));
        let part = bytes[end].is_ascii_digit() || matches!(bytes[end], b'.' | b'_');
        if !(part || sign || exponent) {
            break;
        }
        end += 1;
    }
    if end == 0 {
        return Err(Misread::NotANumber);
    }
    Ok((&text[..end], text[end..].trim_start()))
}

/// A decimal number: digits times ten to the power of `exponent`.
struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.replace('_', "");
        let fraction = fraction.trim_end_matches('0');
        let clean = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !clean(&whole) || !clean(fraction) {
            return None;
        }
        let joined = format!("{whole}{fraction}");
        let joined = joined.trim_start_matches('0');
        // More than 38 digits do not fit and are out of every range.
        let (digits, lost) = match joined.len() {
            0 => (0, 0),
            length if length <= 38 => (joined.parse().ok()?, 0),
            length => (joined[..38].parse().ok()?, i32::try_from(length - 38).ok()?),
        };
        Some(Self {
            negative,
            digits,
            exponent: i32::from(exponent) + lost - i32::try_from(fraction.len()).ok()?,
        })
    }

    /// The value in a unit that is `scale` times finer.
    fn times(&self, scale: u128) -> Result<u64, Misread> {
        if self.digits == 0 {
            return Ok(0);
        }
        let too_large = Misread::TooLarge;
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs());
        if self.exponent >= 0 {
            let power = power.ok_or(too_large.clone())?;
            let value = self
                .digits
                .checked_mul(power)
                .and_then(|value| value.checked_mul(scale))
                .ok_or(too_large.clone())?;
            return u64::try_from(value).map_err(|_| too_large);
        }
        let power = power.ok_or(Misread::TooFine)?;
        let value = self.digits.checked_mul(scale).ok_or(too_large.clone())?;
        if !value.is_multiple_of(power) {
            return Err(Misread::TooFine);
        }
        u64::try_from(value / power).map_err(|_| too_large)
    }
}

/// 17800000 as `17_800_000`.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// `value` over ten to the power of `places`, without trailing zeros.
fn decimal(value: u64, places: u32) -> String {
    let one = 10_u64.pow(places);
    let text = format!(
        "{}.{:0width$}",
        grouped(value / one),
        value % one,
        width = places as usize
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn quantities_are_exact() {
        let ok = [
            (Unit::Duration, "20ms", 20_000_000),
            (Unit::Duration, "1.5 s", 1_500_000_000),
            (Unit::Duration, "0", 0),
            (Unit::Milliseconds, "26.5", 26_500_000),
            (Unit::Milliseconds, "0.000001", 1),
            (Unit::Count, "17_800_000", 17_800_000),
            (Unit::Count, "1e6", 1_000_000),
            (Unit::Count, "2.50e1", 25),
            (Unit::Bandwidth, "1Gbps", 1_000_000_000),
            (Unit::Size, "64KiB", 65_536),
            (Unit::Size, "512", 512),
            (Unit::Share, "1%", 10_000),
            (Unit::Share, "0.01", 10_000),
            (Unit::Share, "4ppm", 4),
            (Unit::FineDuration, "0.6ns", 600),
            (Unit::Decimal, "12_000.5", 12_000_500),
        ];
        for (unit, text, value) in ok {
            assert_eq!(unit.parse(text), Ok(value), "{text}");
            assert_eq!(unit.parse(&unit.format(value)), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_says_why() {
        let bad = [
            (Unit::Duration, "soon", Misread::NotANumber),
            (Unit::Duration, "", Misread::NotANumber),
            (Unit::Duration, "20", Misread::NoUnit),
            (
                Unit::Duration,
                "20 parsecs",
                Misread::UnknownUnit("parsecs".into()),
            ),
            (Unit::Duration, "-1s", Misread::Negative),
            (Unit::Duration, "1.2.3s", Misread::NotANumber),
            (Unit::Duration, "0.1ns", Misread::TooFine),
            (Unit::Duration, "99999999999999999d", Misread::TooLarge),
            (Unit::Count, "1e999", Misread::TooLarge),
            (Unit::Count, "1e-999", Misread::TooFine),
            (Unit::Count, "1e99999", Misread::NotANumber),
            (Unit::Count, &"9".repeat(60), Misread::TooLarge),
            (Unit::Count, "1.5", Misread::TooFine),
            (Unit::Count, "0x10", Misread::UnknownUnit("x10".into())),
            (Unit::Count, "5e", Misread::UnknownUnit("e".into())),
        ];
        for (unit, text, why) in bad {
            assert_eq!(unit.parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn written_forms_are_short() {
        assert_eq!(Unit::Duration.format(1_500_000_000), "1500ms");
        assert_eq!(Unit::Duration.format(3_600_000_000_000), "1h");
        assert_eq!(Unit::Duration.format(0), "0");
        assert_eq!(Unit::Size.format(1 << 20), "1MiB");
        assert_eq!(Unit::Count.format(10_000_000), "10_000_000");
        assert_eq!(Unit::Share.format(250), "0.025%");
        assert_eq!(Unit::Decimal.format(12_500), "12.5");
    }
}
