//! Results in, documents out; never runs anything.
//!
//! [`Comparison::of`] takes the runs that `groma_experiment::store` read; the
//! console table ([`console::table`]), the CSV ([`summary::csv`]) and the page
//! ([`html::render`]) are made from that one structure.

pub mod attack;
pub mod capacity;
pub mod certificate;
pub mod chart;
pub mod columns;
pub mod compare;
pub mod console;
pub mod demand;
pub mod describe;
pub mod difference;
pub mod divergence;
pub mod fairness;
pub mod findings;
pub mod format;
pub mod grid;
pub mod html;
pub mod knee;
pub mod lens;
pub mod load;
pub mod metric;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod spread;
pub mod subset;
pub mod summary;
pub mod sweeps;
pub mod trace;
pub mod validation;
pub mod verdict;
pub mod why;

pub use compare::Comparison;
pub use findings::Findings;
