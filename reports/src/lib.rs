//! Results in, documents out; never runs anything.
//!
//! [`Comparison::of`] takes the runs that `groma_experiment::store` read; the
//! console table ([`console::table`]), the CSV ([`summary::csv`]) and the page
//! ([`html::render`]) are made from that one structure.

pub mod certificate;
pub mod chart;
pub mod compare;
pub mod console;
pub mod describe;
pub mod divergence;
pub mod format;
pub mod html;
pub mod load;
pub mod metric;
pub mod spread;
pub mod subset;
pub mod summary;
pub mod trace;
pub mod verdict;

pub use compare::Comparison;
