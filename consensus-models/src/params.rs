//! Parameters that a protocol declares, so that scenarios can be checked,
//! listed and documented without knowing the protocol.

use std::collections::BTreeMap;
use std::time::Duration;

/// The kind of value that a parameter takes, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// A span of time, inclusive bounds.
    Duration {
        /// Smallest accepted span.
        min: Duration,
        /// Largest accepted span.
        max: Duration,
    },
    /// A whole number, inclusive bounds.
    Integer {
        /// Smallest accepted number.
        min: u64,
        /// Largest accepted number.
        max: u64,
    },
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// True or false.
    Flag,
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamValue {
    /// For [`ParamKind::Duration`].
    Duration(Duration),
    /// For [`ParamKind::Integer`].
    Integer(u64),
    /// For [`ParamKind::Choice`].
    Choice(String),
    /// For [`ParamKind::Flag`].
    Flag(bool),
}

/// Declaration of one parameter.
#[derive(Clone, Debug)]
pub struct ParamSpec {
    /// Name in the scenario, the paper's word where there is one.
    pub name: &'static str,
    /// Kind and bounds.
    pub kind: ParamKind,
    /// Default, as the scenario would write it: `"2s"`, `"3"`, `"rotating"`.
    pub default: &'static str,
    /// One line for `groma list` and the schema.
    pub help: &'static str,
}

/// The complete, checked parameters of a protocol: every declared name has a
/// value of its declared kind. The host builds it; a missing name is a bug of
/// the host and panics in the accessors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(pub BTreeMap<String, ParamValue>);

impl Params {
    /// The value of a duration parameter.
    ///
    /// # Panics
    /// When the protocol asks for a parameter that it did not declare so.
    #[must_use]
    pub fn duration(&self, name: &str) -> Duration {
        match self.0.get(name) {
            Some(ParamValue::Duration(span)) => *span,
            other => panic!("parameter {name} is declared as a duration, found {other:?}"),
        }
    }

    /// The value of an integer parameter.
    ///
    /// # Panics
    /// When the protocol asks for a parameter that it did not declare so.
    #[must_use]
    pub fn integer(&self, name: &str) -> u64 {
        match self.0.get(name) {
            Some(ParamValue::Integer(number)) => *number,
            other => panic!("parameter {name} is declared as an integer, found {other:?}"),
        }
    }

    /// The value of a choice parameter.
    ///
    /// # Panics
    /// When the protocol asks for a parameter that it did not declare so.
    #[must_use]
    pub fn choice(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(ParamValue::Choice(word)) => word,
            other => panic!("parameter {name} is declared as a choice, found {other:?}"),
        }
    }

    /// The value of a flag parameter.
    ///
    /// # Panics
    /// When the protocol asks for a parameter that it did not declare so.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(ParamValue::Flag(flag)) => *flag,
            other => panic!("parameter {name} is declared as a flag, found {other:?}"),
        }
    }

    /// The declared defaults.
    ///
    /// # Panics
    /// When a default is not a value of its declared kind (a bug of the
    /// protocol, caught by its tests).
    #[must_use]
    pub fn defaults(specs: &[ParamSpec]) -> Self {
        Self(
            specs
                .iter()
                .map(|spec| {
                    let value = spec
                        .parse(spec.default)
                        .unwrap_or_else(|why| panic!("default of parameter {}: {why}", spec.name));
                    (spec.name.to_owned(), value)
                })
                .collect(),
        )
    }
}

impl ParamSpec {
    /// A span of time from `min` milliseconds to a day.
    #[must_use]
    pub const fn span(
        name: &'static str,
        min: u64,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        let kind = ParamKind::Duration {
            min: Duration::from_millis(min),
            max: Duration::from_secs(24 * 3600),
        };
        Self {
            name,
            kind,
            default,
            help,
        }
    }

    /// A whole number between two others.
    #[must_use]
    pub const fn integer(
        name: &'static str,
        (min, max): (u64, u64),
        default: &'static str,
        help: &'static str,
    ) -> Self {
        let kind = ParamKind::Integer { min, max };
        Self {
            name,
            kind,
            default,
            help,
        }
    }

    /// One of a few words.
    #[must_use]
    pub const fn choice(
        name: &'static str,
        words: &'static [&'static str],
        default: &'static str,
        help: &'static str,
    ) -> Self {
        let kind = ParamKind::Choice(words);
        Self {
            name,
            kind,
            default,
            help,
        }
    }

    /// True or false.
    #[must_use]
    pub const fn flag(name: &'static str, default: &'static str, help: &'static str) -> Self {
        let kind = ParamKind::Flag;
        Self {
            name,
            kind,
            default,
            help,
        }
    }

    /// Reads a value as a scenario writes it.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(&self, text: &str) -> Result<ParamValue, String> {
        match self.kind {
            ParamKind::Duration { min, max } => {
                let span = parse_duration(text)?;
                if span < min || span > max {
                    return Err(format!(
                        "expected a duration from {min:?} to {max:?}, found {text}"
                    ));
                }
                Ok(ParamValue::Duration(span))
            }
            ParamKind::Integer { min, max } => {
                let number = text.replace('_', "").parse::<u64>().map_err(|_| {
                    format!("expected a whole number from {min} to {max}, found {text}")
                })?;
                if number < min || number > max {
                    return Err(format!(
                        "expected a whole number from {min} to {max}, found {text}"
                    ));
                }
                Ok(ParamValue::Integer(number))
            }
            ParamKind::Choice(words) => match words.iter().find(|&&word| word == text) {
                Some(word) => Ok(ParamValue::Choice((*word).to_owned())),
                None => Err(format!(
                    "expected one of {}, found {text}",
                    words.join(", ")
                )),
            },
            ParamKind::Flag => match text {
                "true" => Ok(ParamValue::Flag(true)),
                "false" => Ok(ParamValue::Flag(false)),
                _ => Err(format!("expected true or false, found {text}")),
            },
        }
    }
}

/// Reads `5ns`, `20us`, `20ms`, `1.5s`, `2m` or `1h` without floats.
///
/// # Errors
/// A sentence that says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a duration such as 20ms, 1.5s or 2m, found {text}");
    let split = text
        .find(|symbol: char| symbol.is_ascii_alphabetic())
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(split);
    let scale: u128 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(expected()),
    };
    let number = number.trim().replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let digits = |part: &str| part.len() <= 15 && part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(expected());
    }
    let mut nanos = whole.parse::<u128>().map_err(|_| expected())? * scale;
    if !fraction.is_empty() {
        let parts = fraction.parse::<u128>().map_err(|_| expected())?;
        nanos += parts * scale / 10_u128.pow(fraction.len() as u32);
    }
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_without_floats() {
        assert_eq!(parse_duration("20ms"), Ok(Duration::from_millis(20)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for bad in [
            "",
            "5",
            "ms",
            "-1s",
            "1.2.3s",
            "1e3s",
            "5 parsecs",
            "99999999999999999h",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
