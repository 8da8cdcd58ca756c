//! The networks, machines and price lists that are built into the binary, so
//! that an installed `groma` works in any folder.

use crate::scenario::tree::{Node, Value};
use crate::scenario::{source, yaml};

macro_rules! shelf {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $folder, "/", $name, ".yaml")))),*]
    };
}

const NETWORKS: &[(&str, &str)] = shelf!("networks":
    "aws-15", "aws-cometbft", "china-cities", "lan", "p2p-2015", "p2p-2015-access",
    "p2p-2019");
const MACHINES: &[(&str, &str)] = shelf!("machines":
    "free-cpu", "laptop", "server-32c-10g", "server-8c", "small-4c-1g");
const COSTS: &[(&str, &str)] = shelf!("costs": "free", "libhotstuff", "narwhal", "reference");

/// One entry of the library, for `groma list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The name that a scenario uses.
    pub name: String,
    /// Where its figures come from.
    pub source: String,
    /// What it is, in one line.
    pub summary: String,
}

/// The built-in networks, by name.
#[must_use]
pub fn networks() -> Vec<Listing> {
    listings(NETWORKS)
}

/// The built-in machines, by name.
#[must_use]
pub fn machines() -> Vec<Listing> {
    listings(MACHINES)
}

/// The built-in price lists, by name.
#[must_use]
pub fn costs() -> Vec<Listing> {
    listings(COSTS)
}

/// A built-in file: `text("networks", "lan")`.
pub(crate) fn text(folder: &str, name: &str) -> Option<&'static str> {
    let found = shelf(folder).iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

/// The built-in names of a folder, in order.
pub(crate) fn names(folder: &str) -> impl Iterator<Item = &'static str> {
    shelf(folder).iter().map(|(name, _)| *name)
}

fn shelf(folder: &str) -> &'static [(&'static str, &'static str)] {
    match folder {
        "networks" => NETWORKS,
        "machines" => MACHINES,
        "costs" => COSTS,
        other => panic!("the library has no folder `{other}`"),
    }
}

fn listings(shelf: &[(&str, &str)]) -> Vec<Listing> {
    let entry = |node: &Node, key: &str| -> String {
        let Value::Map(entries) = &node.value else {
            return String::new();
        };
        let found = entries.iter().find(|entry| entry.key == key);
        found.map_or(String::new(), |found| found.value.flow())
    };
    shelf
        .iter()
        .map(|&(name, text)| {
            let mut sources = source::Sources::default();
            let id = sources.add(name, text);
            let node = yaml::parse(&sources, id, 0).expect("a test reads every built-in file");
            Listing {
                name: name.to_owned(),
                source: entry(&node, "source"),
                summary: entry(&node, "summary"),
            }
        })
        .collect()
}
