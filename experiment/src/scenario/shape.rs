//! How the keys of a file are declared: once, for the reader, the messages and
//! the schema alike, so that they cannot drift apart.

use super::unit::Unit;

/// What may stand behind a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A name: `[a-z0-9-]+`.
    Name,
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A quantity, in base units.
    Number(Number),
    /// A duration since the start, or a time of day.
    Moment(Number),
    /// A quantity, or quantities by free names.
    NumberOrMap(Number),
    /// A map with declared keys.
    Object(&'static Table),
    /// One of the words of the first, or a map with exactly one key of the second.
    WordOr(&'static [&'static str], &'static Table),
    /// A list.
    List(&'static Shape),
    /// A map from free names.
    Map(&'static Shape),
    /// A name of this shelf of the library, or the same keys inline.
    Shelf(Shelf),
    /// A protocol, with or without parameters.
    Protocol,
    /// A workload or a mix of them.
    Workload,
    /// Replicas by index, by region, or by `region-index`.
    Replicas,
    /// Paths with the lists of their values.
    Vary,
}

/// A quantity with inclusive bounds in base units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    pub(crate) unit: Unit,
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// A word that stands for zero: `never`, `infinite`.
    pub(crate) zero: Option<&'static str>,
}

impl Number {
    /// What is accepted, in words.
    pub(crate) fn expected(&self) -> String {
        let Self {
            unit,
            min,
            max,
            zero,
        } = self;
        let or = zero.map_or(String::new(), |word| format!(", or `{word}`"));
        let what = unit.what();
        let span = match (*min, *max) {
            (0, u64::MAX) => String::new(),
            (min, u64::MAX) => format!(" of at least {}", unit.format(min)),
            (min, max) => format!(" from {} to {}", unit.format(min), unit.format(max)),
        };
        match unit {
            Unit::Count if *max < 10_000 => format!("{what}{span}{or}"),
            _ => format!("{what}{span}, such as {}{or}", unit.examples()),
        }
    }
}

/// A shelf of the library of named files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shelf {
    Networks,
    Machines,
    Costs,
}

impl Shelf {
    /// Its folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Networks => "networks",
            Self::Machines => "machines",
            Self::Costs => "costs",
        }
    }

    /// One thing on it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Networks => "network",
            Self::Machines => "machine",
            Self::Costs => "price list",
        }
    }

    /// The keys of its files.
    pub(crate) fn table(self) -> &'static Table {
        match self {
            Self::Networks => &super::keys::NETWORK,
            Self::Machines => &super::keys::MACHINE,
            Self::Costs => &super::keys::COSTS,
        }
    }
}

/// Whether a key must be given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    Required,
    Optional,
    /// May be left out, and then has this value.
    Default(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) need: Need,
    /// One line for the schema and the editor.
    pub(crate) help: &'static str,
}

/// The keys of one kind of map.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the map describes, with its article: `a phase`.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
    /// Exactly one of these must be given; empty when there is no choice.
    pub(crate) one_of: &'static [&'static str],
}

impl Table {
    /// The key of that name.
    ///
    /// # Panics
    /// When there is none: readers ask only for declared keys.
    pub(crate) fn key(&self, name: &str) -> &'static Key {
        let found = self.keys.iter().find(|key| key.name == name);
        found.unwrap_or_else(|| panic!("key `{name}` of {} is declared", self.what))
    }

    /// All names, in declared order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}

/// Shorthands, so that the tables read as tables.
pub(crate) mod make {
    use super::{Key, Need, Number, Shape};
    use crate::scenario::unit::Unit;

    pub(crate) const fn need(name: &'static str, shape: Shape, help: &'static str) -> Key {
        Key {
            name,
            shape,
            need: Need::Required,
            help,
        }
    }

    pub(crate) const fn may(name: &'static str, shape: Shape, help: &'static str) -> Key {
        Key {
            name,
            shape,
            need: Need::Optional,
            help,
        }
    }

    pub(crate) const fn or(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        help: &'static str,
    ) -> Key {
        Key {
            name,
            shape,
            need: Need::Default(default),
            help,
        }
    }

    pub(crate) const fn number(unit: Unit, min: u64, max: u64) -> Shape {
        Shape::Number(Number {
            unit,
            min,
            max,
            zero: None,
        })
    }

    pub(crate) const fn moment(min: u64, max: u64) -> Shape {
        Shape::Moment(Number {
            unit: Unit::Duration,
            min,
            max,
            zero: None,
        })
    }

    pub(crate) const fn number_or(unit: Unit, min: u64, max: u64, zero: &'static str) -> Shape {
        Shape::Number(Number {
            unit,
            min,
            max,
            zero: Some(zero),
        })
    }
}
