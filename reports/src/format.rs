//! Numbers into words: every figure of every document is spelt here, once,
//! with three significant digits where it was measured and in full where it
//! was counted. Knows nothing of runs.

/// What a figure counts, which decides how it is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Transactions per second.
    Tps,
    /// Milliseconds; spelt in microseconds or seconds where that is shorter.
    Millis,
    /// Seconds.
    Seconds,
    /// Things counted one by one: never rounded.
    Count,
    /// A mean of counts.
    Mean,
    /// A share of one, spelt in percent.
    Share,
    /// Bytes, in decimal multiples.
    Bytes,
    /// Joules, in decimal multiples.
    Joules,
}

/// A unit fixed for a row or a column, so that its figures can be compared by
/// eye: `1,203` beside `183`, both in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    unit: Unit,
    divisor: f64,
    /// What stands after the figures or in the head; may be empty.
    pub suffix: &'static str,
}

impl Unit {
    /// The scale in which figures up to `largest` read best.
    #[must_use]
    pub fn scale(self, largest: f64) -> Scale {
        let (divisor, suffix) = match self {
            Self::Tps => (1.0, "TPS"),
            Self::Count | Self::Mean => (1.0, ""),
            Self::Share => (0.01, "%"),
            Self::Seconds => (1.0, "s"),
            Self::Millis => pick(largest, &[(1_000.0, "s"), (1.0, "ms"), (0.001, "µs")]),
            Self::Joules => pick(
                largest,
                &[
                    (1e12, "TJ"),
                    (1e9, "GJ"),
                    (1e6, "MJ"),
                    (1e3, "kJ"),
                    (1.0, "J"),
                ],
            ),
            Self::Bytes => pick(
                largest,
                &[
                    (1e12, "TB"),
                    (1e9, "GB"),
                    (1e6, "MB"),
                    (1e3, "kB"),
                    (1.0, "B"),
                ],
            ),
        };
        Scale {
            unit: self,
            divisor,
            suffix,
        }
    }

    /// The scale of a table row: like [`Unit::scale`], but milliseconds stay
    /// milliseconds until every figure of the row is ten seconds long.
    #[must_use]
    pub fn row_scale(self, smallest: f64, largest: f64) -> Scale {
        match self {
            Self::Millis if largest >= 1.0 && smallest < 10_000.0 => Scale {
                unit: self,
                divisor: 1.0,
                suffix: "ms",
            },
            Self::Millis => self.scale(smallest),
            _ => self.scale(largest),
        }
    }

    /// One figure with its unit: `12,034 TPS`, `183 ms`, `1.2 s`.
    #[must_use]
    pub fn spell(self, value: f64) -> String {
        // The unit is chosen from the rounded value, or 999.7 ms would read
        // "1,000 ms".
        let scale = self.scale(round_significant(value.abs()));
        scale.spell(value)
    }
}

impl Scale {
    /// The figure alone, with the digits that its column keeps: `86.0` below
    /// `84.3`.
    #[must_use]
    pub fn number(&self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        let scaled = value / self.divisor;
        match self.unit {
            Unit::Count => grouped(scaled, 0),
            // A share that is not quite all of it must not read as all of it.
            Unit::Share if value < 1.0 && scaled >= 99.95 => ">99.9".to_owned(),
            Unit::Share if value > 0.0 && scaled < 0.001 => "<0.001".to_owned(),
            Unit::Share if scaled >= 0.095 => grouped(scaled, 1),
            Unit::Share if scaled >= 0.0095 => grouped(scaled, 2),
            _ if value == 0.0 => "0".to_owned(),
            _ => significant(scaled),
        }
    }

    /// The figure with its unit, as prose has it: `86 %`.
    #[must_use]
    pub fn spell(&self, value: f64) -> String {
        let number = trimmed(self.number(value));
        if self.suffix.is_empty() {
            number
        } else {
            format!("{number} {}", self.suffix)
        }
    }
}

fn pick(largest: f64, steps: &[(f64, &'static str)]) -> (f64, &'static str) {
    let last = steps[steps.len() - 1];
    if largest <= 0.0 {
        // Zero has no size of its own; it is spelt in the unit next to one.
        return *steps
            .iter()
            .find(|(divisor, _)| *divisor <= 1.0)
            .unwrap_or(&last);
    }
    *steps
        .iter()
        .find(|(divisor, _)| largest >= *divisor)
        .unwrap_or(&last)
}

/// Rounds to three significant digits; figures of a thousand and more are
/// rounded to whole units only, as they are spelt in full.
fn round_significant(value: f64) -> f64 {
    if value >= 100.0 {
        return value.round();
    }
    let factor = 10_f64.powi(decimals(value));
    (value * factor).round() / factor
}

fn decimals(value: f64) -> i32 {
    match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.1 => 3,
        v if v >= 0.01 => 4,
        _ => 5,
    }
}

/// Three significant digits, groups of thousands.
fn significant(value: f64) -> String {
    grouped(value, decimals(value.abs()))
}

/// A whole number in groups of thousands.
#[must_use]
pub fn count(value: u64) -> String {
    group_digits(&value.to_string())
}

fn grouped(value: f64, decimals: i32) -> String {
    let text = format!("{:.*}", decimals.max(0) as usize, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        out.push('−');
    }
    out.push_str(&group_digits(whole));
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn group_digits(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A signed share in percent: `+4.8 %`, `−12 %`.
#[must_use]
pub fn signed_percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    let percent = share * 100.0;
    let digits = i32::from(percent.abs() < 99.95);
    let number = trimmed(grouped(percent.abs(), digits));
    match number.as_str() {
        "0" => "0 %".to_owned(),
        _ if percent < 0.0 => format!("−{number} %"),
        _ => format!("+{number} %"),
    }
}

/// A span of plan time: `20 ms`, `1.5 s`, `2 min`, `1 h 30 min`.
#[must_use]
pub fn span(ns: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    match ns {
        0 => "0 s".to_owned(),
        n if n < 1_000 => format!("{n} ns"),
        n if n < 1_000_000 => format!("{} µs", exact(n, 1_000)),
        n if n < SECOND => format!("{} ms", exact(n, 1_000_000)),
        n if n >= 3_600 * SECOND && n.is_multiple_of(60 * SECOND) => {
            let minutes = n / (60 * SECOND);
            match minutes % 60 {
                0 => format!("{} h", count(minutes / 60)),
                rest => format!("{} h {rest} min", count(minutes / 60)),
            }
        }
        n if n >= 120 * SECOND && n.is_multiple_of(60 * SECOND) => {
            format!("{} min", n / (60 * SECOND))
        }
        n => format!("{} s", exact(n, SECOND)),
    }
}

/// Bits per second: `1 Gbit/s`; nothing limits at 0.
#[must_use]
pub fn bit_rate(bps: u64) -> String {
    match bps {
        0 => "unlimited".to_owned(),
        n if n >= 1_000_000_000 => format!("{} Gbit/s", exact(n, 1_000_000_000)),
        n if n >= 1_000_000 => format!("{} Mbit/s", exact(n, 1_000_000)),
        n if n >= 1_000 => format!("{} kbit/s", exact(n, 1_000)),
        n => format!("{n} bit/s"),
    }
}

/// A size as scenarios write it: `64 KiB`, or plain bytes when it is no whole
/// multiple.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        n if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{} MiB", count(n >> 20)),
        n if n >= 1 << 10 && n.is_multiple_of(1 << 10) => format!("{} KiB", count(n >> 10)),
        n => format!("{} B", count(n)),
    }
}

/// A quotient with as many digits as it has, for figures that someone wrote.
#[must_use]
pub fn exact(value: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let whole = count(value / unit);
    let rest = value % unit;
    if rest == 0 {
        return whole;
    }
    trimmed(format!("{whole}.{rest:0digits$}"))
}

/// A decimal that someone wrote, in groups of thousands.
#[must_use]
pub fn written(value: f64) -> String {
    trimmed(grouped(value, 6))
}

/// Text that can neither steer a terminal nor turn what stands beside it:
/// control characters, and marks that change the direction of text, become `?`.
#[must_use]
pub fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if c.is_control() || turns(c) { '?' } else { c })
        .collect()
}

/// A text in which no line breaks between a figure and its unit.
#[must_use]
pub fn unbroken(text: &str) -> String {
    const UNITS: [&str; 16] = [
        "%", "TPS", "ns", "µs", "ms", "s", "min", "h", "B", "KiB", "MiB", "kB", "MB", "GB",
        "Gbit/s", "Mbit/s",
    ];
    let mut out = String::with_capacity(text.len() + 8);
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            let bare = word.trim_end_matches([',', ';', '.', ':', ')']);
            let unit = UNITS.contains(&bare) && out.ends_with(|c: char| c.is_ascii_digit());
            out.push(if unit { '\u{a0}' } else { ' ' });
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_spelt_with_sensible_digits() {
        let cases = [
            (Unit::Tps, 12_034.4, "12,034 TPS"),
            (Unit::Tps, 99.96, "100 TPS"),
            (Unit::Tps, 8.25, "8.25 TPS"),
            (Unit::Millis, 183.2, "183 ms"),
            (Unit::Millis, 1_200.0, "1.2 s"),
            (Unit::Millis, 999.7, "1 s"),
            (Unit::Millis, 12_345.0, "12.3 s"),
            (Unit::Millis, 4.25, "4.25 ms"),
            (Unit::Millis, 0.4204, "420 µs"),
            (Unit::Millis, 0.0, "0 ms"),
            (Unit::Count, 1_234_567.0, "1,234,567"),
            (Unit::Share, 0.6321, "63.2 %"),
            (Unit::Share, 1.0, "100 %"),
            (Unit::Share, 0.9999, ">99.9 %"),
            (Unit::Share, 0.000_000_1, "<0.001 %"),
            (Unit::Share, 0.0, "0 %"),
            (Unit::Share, 0.0576, "5.8 %"),
            (Unit::Share, 0.000_01, "0.001 %"),
            (Unit::Share, 1.5, "150 %"),
            (Unit::Bytes, 12_345_678.0, "12.3 MB"),
            (Unit::Bytes, 0.0, "0 B"),
            (Unit::Mean, 0.0, "0"),
            (Unit::Mean, -0.000_000_1, "0"),
            (Unit::Mean, f64::NAN, "–"),
        ];
        for (unit, value, text) in cases {
            assert_eq!(unit.spell(value), text, "{unit:?} {value}");
        }
    }

    #[test]
    fn a_row_keeps_one_unit() {
        let scale = Unit::Millis.row_scale(183.0, 1_203.0);
        assert_eq!(
            (scale.number(183.4), scale.number(1_203.0), scale.suffix),
            ("183".to_owned(), "1,203".to_owned(), "ms")
        );
        let share = Unit::Share.row_scale(0.843, 0.86);
        assert_eq!(
            [0.86, 0.843, 0.0].map(|value| share.number(value)),
            ["86.0", "84.3", "0"]
        );
        assert_eq!(Unit::Millis.row_scale(12_000.0, 40_000.0).suffix, "s");
        assert_eq!(Unit::Millis.row_scale(0.05, 0.4).suffix, "µs");
    }

    #[test]
    fn percent_carries_its_sign() {
        assert_eq!(signed_percent(0.048), "+4.8 %");
        assert_eq!(signed_percent(-0.12), "−12 %");
        assert_eq!(signed_percent(0.0), "0 %");
        assert_eq!(signed_percent(12.3456), "+1,235 %");
        assert_eq!(signed_percent(f64::INFINITY), "–");
    }

    #[test]
    fn text_stays_where_it_is() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{202e}c"), "a?[2J?b?c");
        assert_eq!(
            unbroken("p99 412 ms; 10,480 TPS at 60 % a second"),
            "p99 412\u{a0}ms; 10,480\u{a0}TPS at 60\u{a0}% a second"
        );
    }

    #[test]
    fn spans_and_rates_read_as_written() {
        let cases = [
            (0, "0 s"),
            (20_000_000, "20 ms"),
            (1_500, "1.5 µs"),
            (1_000_000_000, "1 s"),
            (90_000_000_000, "90 s"),
            (120_000_000_000, "2 min"),
            (3_600_000_000_000, "1 h"),
            (5_400_000_000_000, "1 h 30 min"),
            (10_200_000_000, "10.2 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(span(ns), text);
        }
        assert_eq!(bit_rate(1_000_000_000), "1 Gbit/s");
        assert_eq!(bit_rate(2_500_000_000), "2.5 Gbit/s");
        assert_eq!(bit_rate(0), "unlimited");
        assert_eq!(size(65_536), "64 KiB");
        assert_eq!(size(1_000), "1,000 B");
        assert_eq!(written(10_000.0), "10,000");
        assert_eq!(written(0.5), "0.5");
    }
}
