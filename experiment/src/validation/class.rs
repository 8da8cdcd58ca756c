//! What a row is compared with, in kinds: agreement with a closed form says that the
//! simulator does what it says, and only agreement with machines says that what it
//! says is so.

use serde::Serialize;

use super::{Published, Row, Set};

/// The kind of thing that a row is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A law that holds exactly where a system is simple enough: an identity.
    ClosedForm,
    /// A Monte Carlo of our own that shares nothing with the simulator.
    MonteCarlo,
    /// Another simulator's figures, or counts of an implementation which no
    /// machine's speed enters.
    Simulated,
    /// Measured on real machines.
    Measured,
}

impl Class {
    /// Every class, in printed order.
    pub const ALL: [Self; 4] = [
        Self::ClosedForm,
        Self::MonteCarlo,
        Self::Simulated,
        Self::Measured,
    ];

    /// The class in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ClosedForm => "closed form",
            Self::MonteCarlo => "independent Monte Carlo",
            Self::Simulated => "another simulator, logical counts",
            Self::Measured => "measured on machines",
        }
    }
}

impl Set {
    /// What one of its rows is compared with.
    #[must_use]
    pub fn class_of(&self, row: &Row) -> Class {
        match row.published {
            Published::Value(_) => self.class,
            Published::Form(_) | Published::Law(_) => Class::ClosedForm,
            Published::Oracle(_) => Class::MonteCarlo,
        }
    }
}
