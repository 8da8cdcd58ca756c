//! A rule: what must not happen between base and head, as an engineer writes it.
//!
//! ```text
//! finality_ms.p99 > +2%      fails when p99 grows by more than 2 %
//! load.goodput_tps < -1%     fails when goodput falls by more than 1 %
//! finality_ms.p99 > +20ms    fails when p99 grows by more than 20 ms
//! finality_ms.p99 > 250ms    fails when p99 of the head is above 250 ms
//! fingerprint changed        fails when the order of deliveries differs
//! verdict worse              fails when a run passes no more
//! any changed, any worse     fails on any figure
//! ```
//! A sign makes it a change; without one, it is the head's own value.

use groma_experiment::scenario::{Diagnostic, Excerpt, nearest};

use super::subject::{Quantity, quantities};
use crate::format::Unit;
use crate::metric::Metric;

/// What is compared word by word.
pub const WORDS: [&str; 5] = [
    "fingerprint",
    "state_root",
    "verdict",
    "binds",
    "failed_because",
];

/// A rule, as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// As it was written.
    pub text: String,
    /// What it looks at.
    pub what: What,
    /// When it fails.
    pub when: When,
}

/// What a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Every figure and every word.
    Any,
    /// A word.
    Word(&'static str),
    /// A figure; one name may mean a figure of runs and one of certificates.
    Figure(Vec<&'static str>),
}

/// When a rule fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// On any change: of exact figures by equality, over seeds by the test.
    Changed,
    /// On a change to the bad side.
    Worse,
    /// Above (or, with `below`, under) a bound.
    Beyond {
        /// Whether the bad side is below the bound.
        below: bool,
        /// Whether the bound itself fails too.
        inclusive: bool,
        /// The bound.
        bound: Bound,
    },
}

/// What a bound is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The relative change, as a share.
    Share(f64),
    /// Head less base, in the record's unit.
    Step(f64),
    /// The head's value, in the record's unit.
    Value(f64),
}

/// Where a rule stands, for errors.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// `--fail-on`, or a file.
    pub name: &'a str,
    /// Line, from 1.
    pub line: usize,
}

impl Rule {
    /// Reads one rule.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    pub fn read(text: &str, origin: Origin<'_>) -> Result<Self, Box<Diagnostic>> {
        let mut reader = Reader {
            text,
            origin,
            rest: 0,
        };
        let subject = reader.word(
            "what the rule looks at",
            "a metric, as in `finality_ms.p99 > +2%`",
        )?;
        let what = what(&reader, subject)?;
        let when = reader.when(&what)?;
        reader.end()?;
        Ok(Self {
            text: text.trim().to_owned(),
            what,
            when,
        })
    }

    /// Reads a file of rules: one a line, `#` begins a comment.
    ///
    /// # Errors
    /// Everything that is wrong, line by line.
    pub fn read_file(text: &str, name: &str) -> Result<Vec<Self>, Vec<Diagnostic>> {
        let (mut rules, mut wrong) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or(line);
            if code.trim().is_empty() {
                continue;
            }
            match Self::read(
                code,
                Origin {
                    name,
                    line: index + 1,
                },
            ) {
                Ok(rule) => rules.push(rule),
                Err(error) => wrong.push(*error),
            }
        }
        if wrong.is_empty() {
            Ok(rules)
        } else {
            Err(wrong)
        }
    }
}

/// A piece of the text: where it begins, and it.
type Piece<'a> = (usize, &'a str);

struct Reader<'a> {
    text: &'a str,
    origin: Origin<'a>,
    rest: usize,
}

impl<'a> Reader<'a> {
    fn skip(&mut self) {
        let rest = &self.text[self.rest..];
        self.rest += rest.len() - rest.trim_start().len();
    }

    /// Takes the longest piece of letters that `is` allows; may be empty.
    fn take(&mut self, is: impl Fn(char) -> bool) -> Piece<'a> {
        self.skip();
        let rest = &self.text[self.rest..];
        let piece = &rest[..rest.find(|letter| !is(letter)).unwrap_or(rest.len())];
        let start = self.rest;
        self.rest += piece.len();
        (start, piece)
    }

    fn word(&mut self, missing: &str, expected: &str) -> Result<Piece<'a>, Box<Diagnostic>> {
        let piece = self.take(|letter| letter.is_alphanumeric() || "_.:-".contains(letter));
        if piece.1.is_empty() {
            return Err(self.wrong(self.here(), format!("{missing} is missing"), expected, None));
        }
        Ok(piece)
    }

    fn when(&mut self, what: &What) -> Result<When, Box<Diagnostic>> {
        let expected = match what {
            What::Figure(_) => "`changed`, `worse`, or a bound, as in `> +2%`",
            What::Word("verdict") | What::Any => "`changed` or `worse`",
            What::Word(_) => "`changed`",
        };
        let sign = self.take(|letter| "<>=".contains(letter));
        if sign.1.is_empty() {
            let word = self.word("when the rule fails", expected)?;
            return match (word.1, what) {
                ("changed", _) => Ok(When::Changed),
                ("worse", What::Any | What::Figure(_) | What::Word("verdict")) => Ok(When::Worse),
                _ => Err(self.wrong(
                    word,
                    format!("`{}` does not fit here", word.1),
                    expected,
                    None,
                )),
            };
        }
        let What::Figure(ids) = what else {
            return Err(self.wrong(sign, "only a figure has a bound".to_owned(), expected, None));
        };
        let (below, inclusive) = match sign.1 {
            ">" => (false, false),
            ">=" => (false, true),
            "<" => (true, false),
            "<=" => (true, true),
            other => {
                let message = format!("`{other}` is no comparison");
                return Err(self.wrong(
                    sign,
                    message,
                    "`>`, `>=`, `<` or `<=`",
                    Some("equality is `changed`"),
                ));
            }
        };
        let quantity = quantities()
            .find(|quantity| quantity.id == ids[0])
            .expect("the ids of a rule are those of quantities");
        let bound = self.bound(quantity)?;
        Ok(When::Beyond {
            below,
            inclusive,
            bound,
        })
    }

    fn bound(&mut self, quantity: Quantity) -> Result<Bound, Box<Diagnostic>> {
        let number = self.take(|letter| letter.is_ascii_digit() || "+-−._".contains(letter));
        let plain = number.1.replace('−', "-").replace('_', "");
        let Some(value) = plain.parse::<f64>().ok().filter(|value| value.is_finite()) else {
            return Err(self.wrong(
                if number.1.is_empty() {
                    self.here()
                } else {
                    number
                },
                "a bound is missing".to_owned(),
                "a number with its unit, as in `+2%`, `250ms` or `-100`",
                None,
            ));
        };
        let signed = plain.starts_with(['+', '-']);
        let unit = self.take(|letter| letter.is_alphabetic() || letter == '%');
        let share = quantity.unit == Unit::Share;
        match (unit.1, signed) {
            ("%", true) => Ok(Bound::Share(value / 100.0)),
            ("%", false) if !share => Err(self.wrong(
                (number.0, &self.text[number.0..self.rest]),
                format!("{} is no share, so it cannot be {value} %", quantity.id),
                "a change, which has a sign",
                Some(&format!("did you mean `+{value}%`?")),
            )),
            (name, _) => match factor(quantity.unit, name) {
                Some(factor) if signed => Ok(Bound::Step(value * factor)),
                Some(factor) => Ok(Bound::Value(value * factor)),
                None => Err(self.wrong(
                    unit,
                    format!("`{name}` does not measure {}", quantity.id),
                    units(quantity.unit),
                    None,
                )),
            },
        }
    }

    fn end(&mut self) -> Result<(), Box<Diagnostic>> {
        self.skip();
        let rest = self.text[self.rest..].trim_end();
        if rest.is_empty() {
            return Ok(());
        }
        Err(self.wrong(
            (self.rest, rest),
            format!("`{rest}` is too much"),
            "the end of the rule",
            Some("one rule a line, and one `--fail-on` for each"),
        ))
    }

    fn here(&self) -> Piece<'a> {
        (
            self.text
                .trim_end()
                .len()
                .max(self.rest.min(self.text.len())),
            "",
        )
    }

    fn wrong(
        &self,
        at: Piece<'_>,
        message: String,
        expected: &str,
        hint: Option<&str>,
    ) -> Box<Diagnostic> {
        let before = self.text[..at.0].chars().count();
        Box::new(Diagnostic {
            file: self.origin.name.to_owned(),
            line: self.origin.line,
            column: before + 1,
            message,
            expected: Some(expected.to_owned()),
            hint: hint.map(str::to_owned),
            note: None,
            excerpt: Some(Excerpt {
                text: crate::format::printable(self.text),
                offset: before,
                length: at.1.chars().count().max(1),
            }),
        })
    }
}

fn what(reader: &Reader<'_>, name: Piece<'_>) -> Result<What, Box<Diagnostic>> {
    if name.1 == "any" {
        return Ok(What::Any);
    }
    if let Some(word) = WORDS.iter().find(|word| **word == name.1) {
        return Ok(What::Word(word));
    }
    let ids = figures(name.1);
    if !ids.is_empty() {
        return Ok(What::Figure(ids));
    }
    let known = || {
        quantities()
            .map(|quantity| quantity.id)
            .chain(WORDS)
            .chain(["any"])
    };
    let near = nearest(name.1, known()).map(|near| format!("did you mean `{near}`?"));
    Err(reader.wrong(
        name,
        format!("`{}` is no figure of a run or a certificate", name.1),
        "a path in run.json, as in `finality_ms.p99` or `load.goodput_tps`",
        near.as_deref().or(Some(
            "`groma compare BASE HEAD --format json` lists them all",
        )),
    ))
}

/// The figures that a name means: its own, and what targets call so.
fn figures(name: &str) -> Vec<&'static str> {
    let own = quantities()
        .map(|quantity| quantity.id)
        .find(|id| *id == name);
    let target = Metric::of_target(name).map(|metric| metric.id);
    let mut ids: Vec<&str> = own.into_iter().chain(target).collect();
    ids.dedup();
    ids
}

/// What one of a unit is in the record's unit.
fn factor(unit: Unit, name: &str) -> Option<f64> {
    let table: &[(&str, f64)] = match unit {
        Unit::Millis => &[
            ("", 1.0),
            ("us", 0.001),
            ("µs", 0.001),
            ("ms", 1.0),
            ("s", 1_000.0),
            ("min", 60_000.0),
        ],
        Unit::Seconds => &[("", 1.0), ("ms", 0.001), ("s", 1.0), ("min", 60.0)],
        Unit::Tps => &[("", 1.0), ("TPS", 1.0), ("tps", 1.0)],
        Unit::Bytes => &[
            ("", 1.0),
            ("B", 1.0),
            ("kB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("TB", 1e12),
            ("KiB", 1_024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
        Unit::Joules => &[
            ("", 1.0),
            ("J", 1.0),
            ("kJ", 1e3),
            ("MJ", 1e6),
            ("GJ", 1e9),
            ("TJ", 1e12),
        ],
        Unit::Share => &[("", 1.0), ("%", 0.01)],
        Unit::Count | Unit::Mean => &[("", 1.0)],
    };
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, factor)| *factor)
}

fn units(unit: Unit) -> &'static str {
    match unit {
        Unit::Millis => "`us`, `ms`, `s` or `min`, or `%` after a sign",
        Unit::Seconds => "`ms`, `s` or `min`, or `%` after a sign",
        Unit::Tps => "`TPS` or nothing, or `%` after a sign",
        Unit::Bytes => "`B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB` or `GiB`, or `%` after a sign",
        Unit::Joules => "`J`, `kJ`, `MJ`, `GJ` or `TJ`, or `%` after a sign",
        Unit::Share => "`%`",
        Unit::Count | Unit::Mean => "nothing, or `%` after a sign",
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
