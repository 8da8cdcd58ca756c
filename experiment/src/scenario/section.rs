//! Typed reading of the tree: a section is a map with declared keys, and every
//! read either gives a value or reports why not, at its place.

use std::cell::RefCell;

use super::diagnostic::Problem;
use super::shape::{Key, Need, Number, Shape, Table};
use super::source::Span;
use super::suggest::{instead, list};
use super::tree::{Entry, Node, Value, shorten};
use super::unit::Misread;

/// Problems that are kept; more would only hide the first.
const MAX_PROBLEMS: usize = 20;

/// Proof that a problem was reported, so that a caller need not say it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported(());

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Sink(RefCell<Vec<Problem>>);

impl Sink {
    pub(crate) fn report(&self, problem: Problem) -> Reported {
        let mut problems = self.0.borrow_mut();
        if problems.len() < MAX_PROBLEMS && !problems.contains(&problem) {
            problems.push(problem);
        }
        Reported(())
    }

    /// Whether further problems would not be kept.
    pub(crate) fn is_full(&self) -> bool {
        self.0.borrow().len() >= MAX_PROBLEMS
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Adds a note to all problems so far.
    pub(crate) fn note(&self, note: &str) {
        for problem in self.0.borrow_mut().iter_mut() {
            problem.note = Some(note.to_owned());
        }
    }

    pub(crate) fn take(&self) -> Vec<Problem> {
        self.0.take()
    }
}

/// A map that is being read by its table.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) sink: &'a Sink,
    table: &'static Table,
    entries: &'a [Entry],
    /// Where to point when something is missing.
    pub(crate) span: Span,
}

impl<'a> Section<'a> {
    /// Opens a map, and refuses unknown keys and a wrong choice of keys.
    pub(crate) fn open(
        node: &'a Node,
        table: &'static Table,
        sink: &'a Sink,
    ) -> Result<Self, Reported> {
        let Value::Map(entries) = &node.value else {
            let names = list(table.names());
            return Err(sink.report(
                Problem::new(
                    node.span,
                    format!("{} is a map, but here stands {}", table.what, node.found()),
                )
                .expected(format!("keys: {names}")),
            ));
        };
        let section = Self {
            sink,
            table,
            entries,
            span: node.span,
        };
        let mut known = true;
        for entry in entries {
            if sink.is_full() {
                return Err(Reported(()));
            }
            if !table.names().any(|name| name == entry.key) {
                section.unknown(entry);
                known = false;
            }
        }
        if known {
            Ok(section)
        } else {
            section.despite_unknown()
        }
    }

    /// With unknown keys reported, reading goes on so that other errors show
    /// too; but a missing key may be the misspelt one, and is not reported.
    fn despite_unknown(self) -> Result<Self, Reported> {
        let missing = self
            .table
            .keys
            .iter()
            .any(|key| matches!(key.need, Need::Required) && self.entry(key.name).is_none());
        let chosen = self.table.one_of.is_empty()
            || self
                .table
                .one_of
                .iter()
                .any(|name| self.entry(name).is_some());
        if missing || !chosen {
            return Err(Reported(()));
        }
        Ok(self)
    }

    fn unknown(&self, entry: &Entry) {
        let message = format!("{} has no key `{}`", self.table.what, shorten(&entry.key));
        let known: Vec<&str> = self.table.names().collect();
        let problem = Problem::new(entry.key_span, message);
        self.sink.report(instead(problem, &entry.key, &known));
    }

    /// The entry of a declared key.
    pub(crate) fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// The value of a declared key, or a report that it is missing.
    pub(crate) fn node(&self, name: &str) -> Result<&'a Node, Reported> {
        let key = self.table.key(name);
        self.entry(name)
            .map(|entry| &entry.value)
            .ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &Key) -> Reported {
        let message = format!("{} needs `{}`", self.table.what, key.name);
        let problem = Problem::new(self.span, message).hint(key.help);
        self.report(match key.shape {
            Shape::Number(number) | Shape::Moment(number) => problem.expected(number.expected()),
            _ => problem,
        })
    }

    pub(crate) fn report(&self, problem: Problem) -> Reported {
        self.sink.report(problem)
    }

    /// A quantity in base units; its default where it is left out.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Reported> {
        let key = self.table.key(name);
        match (self.entry(name), key.need) {
            (Some(_), _) | (None, Need::Optional) => Ok(self.maybe_number(name)?.unwrap_or(0)),
            (None, Need::Default(text)) => Ok(read_default(number_of(key), text)),
            (None, Need::Required) => Err(self.missing(key)),
        }
    }

    /// A quantity in base units, if it is given.
    pub(crate) fn maybe_number(&self, name: &str) -> Result<Option<u64>, Reported> {
        let key = self.table.key(name);
        let Some(entry) = self.entry(name) else {
            return Ok(None);
        };
        read_number(&entry.value, number_of(key), name)
            .map(Some)
            .map_err(|problem| self.report(problem))
    }

    /// The same as a 32-bit number, for keys whose bounds fit.
    pub(crate) fn small(&self, name: &str) -> Result<u32, Reported> {
        let value = self.number(name)?;
        Ok(u32::try_from(value).expect("the declared bounds of the key fit 32 bits"))
    }

    /// A text, a name, or one of the words of a choice.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Reported> {
        let key = self.table.key(name);
        match (self.entry(name), key.need) {
            (Some(entry), _) => {
                read_text(&entry.value, key.shape, name).map_err(|problem| self.report(problem))
            }
            (None, Need::Default(text)) => Ok(text),
            (None, _) => Err(self.missing(key)),
        }
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Reported> {
        Ok(self.text(name)? == "true")
    }

    /// The items of a list.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [Node], Reported> {
        let Some(entry) = self.entry(name) else {
            return match self.table.key(name).need {
                Need::Required => Err(self.missing(self.table.key(name))),
                _ => Ok(&[]),
            };
        };
        match &entry.value.value {
            Value::List(items) => Ok(items),
            _ => {
                let found = entry.value.found();
                let problem = Problem::new(
                    entry.value.span,
                    format!("`{name}` is a list, but here stands {found}"),
                );
                let hint = entry
                    .value
                    .text()
                    .map(|text| format!("write [{}]", shorten(text)));
                Err(self.report(problem.maybe_hint(hint)))
            }
        }
    }

    /// The items of a list that holds at most so many.
    pub(crate) fn bounded(&self, name: &str, most: usize) -> Result<&'a [Node], Reported> {
        let items = self.list(name)?;
        if items.len() <= most {
            return Ok(items);
        }
        let span = self.entry(name).map_or(self.span, |entry| entry.key_span);
        let message = format!("`{name}` has {} entries", items.len());
        Err(self.report(Problem::new(span, message).expected(format!("at most {most}"))))
    }

    /// The section behind a key; an empty one, with all its defaults, where it
    /// is left out.
    pub(crate) fn section(&self, name: &str) -> Result<Self, Reported> {
        let Shape::Object(table) = self.table.key(name).shape else {
            panic!("key `{name}` of {} is declared as a map", self.table.what);
        };
        match self.entry(name) {
            Some(entry) => Self::open(&entry.value, table, self.sink),
            None => Ok(Self {
                table,
                entries: &[],
                ..*self
            }),
        }
    }

    /// The one key that was chosen where exactly one must be.
    pub(crate) fn chosen(&self) -> Result<&'a Entry, Reported> {
        let one_of = self.table.one_of;
        let mut given = self
            .entries
            .iter()
            .filter(|entry| one_of.contains(&entry.key.as_str()));
        let what = self.table.what;
        match (given.next(), given.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) => Err(self.report(
                Problem::new(self.span, format!("{what} does not say what it does"))
                    .expected(format!("exactly one of {}", one_of.join(", "))),
            )),
            (Some(first), Some(second)) => Err(self.report(
                Problem::new(
                    second.key_span,
                    format!("{what} has both `{}` and `{}`", first.key, second.key),
                )
                .expected(format!("exactly one of {}", one_of.join(", "))),
            )),
        }
    }

    /// All entries, in the order of the text.
    pub(crate) fn entries(&self) -> &'a [Entry] {
        self.entries
    }
}

fn number_of(key: &Key) -> Number {
    match key.shape {
        Shape::Number(number) | Shape::Moment(number) => number,
        other => panic!(
            "key `{}` is declared as a number, found {other:?}",
            key.name
        ),
    }
}

fn read_default(number: Number, text: &str) -> u64 {
    if number.zero == Some(text) {
        return 0;
    }
    let value = number.unit.parse(text);
    value.unwrap_or_else(|why| panic!("default `{text}` is well-formed: {why:?}"))
}

/// Reads a quantity in base units within its bounds.
pub(crate) fn read_number(node: &Node, number: Number, name: &str) -> Result<u64, Problem> {
    let expected = |problem: Problem| problem.expected(number.expected());
    let Value::Scalar { text, plain } = &node.value else {
        let message = format!(
            "`{name}` is {}, but here stands {}",
            number.unit.what(),
            node.found()
        );
        return Err(expected(Problem::new(node.span, message)));
    };
    if number.zero == Some(text.as_str()) {
        return Ok(0);
    }
    let bare = number.unit.pattern().is_none();
    match number.unit.parse(text) {
        Ok(_) if bare && !plain => Err(expected(
            Problem::new(
                node.span,
                format!("`{name}` is a number, but here stands a text"),
            )
            .hint("remove the quotation marks"),
        )),
        Ok(value) if (number.min..=number.max).contains(&value) => Ok(value),
        Ok(value) => {
            let side = if value < number.min {
                "too small"
            } else {
                "too large"
            };
            let message = format!("`{name}` is {side}: {}", shorten(text));
            Err(expected(Problem::new(node.span, message)))
        }
        Err(why) => {
            let (message, hint) = misread(&why, name, text, number);
            Err(expected(Problem::new(node.span, message)).maybe_hint(hint))
        }
    }
}

fn misread(why: &Misread, name: &str, text: &str, number: Number) -> (String, Option<String>) {
    let text = shorten(text);
    let what = number.unit.what();
    match why {
        Misread::NotANumber => (
            format!("`{name}` is {what}, but here stands `{text}`"),
            None,
        ),
        Misread::NoUnit => (
            format!("`{name}` lacks a unit: {text}"),
            Some(format!("write {}", number.unit.with_units(&text))),
        ),
        Misread::UnknownUnit(unit) => (
            format!("`{name}` is {what}, but here stands `{text}`"),
            number
                .unit
                .pattern()
                .map(|_| format!("`{}` is no unit of it", shorten(unit))),
        ),
        Misread::Negative => (format!("`{name}` is negative: {text}"), None),
        Misread::TooFine => (format!("`{name}` has too many decimals: {text}"), None),
        Misread::TooLarge => (format!("`{name}` is too large: {text}"), None),
    }
}

/// Reads a text by its shape.
pub(crate) fn read_text<'a>(node: &'a Node, shape: Shape, name: &str) -> Result<&'a str, Problem> {
    let refuse = |expected: &str| {
        Problem::new(node.span, format!("`{name}` cannot be {}", node.found())).expected(expected)
    };
    let words = match shape {
        Shape::Choice(words) => words,
        Shape::Flag => &["true", "false"],
        _ => &[],
    };
    let Some(text) = node.text() else {
        return Err(match words {
            [] => refuse("a text"),
            words => refuse(&format!("one of {}", list(words.iter().copied()))),
        });
    };
    if !words.is_empty() && !words.contains(&text) {
        let message = format!("`{name}` cannot be {}", node.found());
        return Err(instead(Problem::new(node.span, message), text, words));
    }
    if matches!(shape, Shape::Name) && !is_name(text) {
        return Err(refuse(
            "lower-case letters, digits and hyphens, at most 64 of them",
        ));
    }
    Ok(text)
}

/// Whether a text may name a scenario or a file of the library.
pub(crate) fn is_name(text: &str) -> bool {
    let symbols = text.bytes();
    (1..=64).contains(&text.len())
        && symbols
            .into_iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
