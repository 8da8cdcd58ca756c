//! Reading who lives where.

use super::diagnostic::Problem;
use super::keys::SCENARIO;
use super::network;
use super::section::{Reported, Section, read_number};
use super::shape::Shape;
use super::suggest::instead;
use super::tree::{Entry, Node, Value, shorten};
use crate::plan::RegionPlan;

/// Who lives where.
pub(super) enum People {
    /// So many in all.
    Together(u64),
    /// By region.
    Apart(Vec<(Entry, u64)>),
}

/// Reads `population: 1_000_000`, or `{ shenzhen: 17_800_000, shanghai: 24_900_000 }`.
pub(super) fn read(section: &Section<'_>) -> Result<People, Reported> {
    let Shape::NumberOrMap(bounds) = SCENARIO.key("population").shape else {
        panic!("`population` is declared as a number or a map");
    };
    let count_of = |node: &Node, name: &str| {
        read_number(node, bounds, name).map_err(|problem| section.report(problem))
    };
    let Some(entry) = section.entry("population") else {
        return Ok(People::Together(DEFAULT_POPULATION));
    };
    match &entry.value.value {
        Value::Map(regions) if !regions.is_empty() => {
            let count =
                |region: &Entry| Ok((region.clone(), count_of(&region.value, &region.key)?));
            Ok(People::Apart(
                regions.iter().map(count).collect::<Result<_, _>>()?,
            ))
        }
        _ => Ok(People::Together(count_of(&entry.value, "population")?)),
    }
}

/// Inhabitants where the scenario says nothing: as the table of keys does.
const DEFAULT_POPULATION: u64 = 1_000_000;

impl People {
    pub(super) fn all(&self) -> u64 {
        match self {
            Self::Together(all) => *all,
            Self::Apart(regions) => regions.iter().map(|(_, count)| count).sum(),
        }
    }

    /// Gives each region of the committee its people.
    pub(super) fn settle(
        &self,
        section: &Section<'_>,
        committee: &mut [RegionPlan],
    ) -> Result<(), Reported> {
        let Self::Apart(regions) = self else {
            return Ok(());
        };
        for (entry, count) in regions {
            let known =
                |region: &RegionPlan| network::plain(&region.region) == network::plain(&entry.key);
            let Some(place) = committee.iter().position(known) else {
                let names: Vec<&str> = committee.iter().map(|at| at.region.as_str()).collect();
                let message = format!(
                    "people of `{}` have no replica there to ask",
                    shorten(&entry.key)
                );
                let problem = Problem::new(entry.key_span, message);
                return Err(section.report(instead(problem, &entry.key, &names)));
            };
            if committee[place].people > 0 {
                let message = format!("region `{}` stands twice", shorten(&entry.key));
                return Err(section.report(Problem::new(entry.key_span, message)));
            }
            committee[place].people = *count;
        }
        Ok(())
    }
}
