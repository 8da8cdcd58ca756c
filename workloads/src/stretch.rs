//! What a load is made of: stretches, one after the other.
//!
//! A stretch is a [`Phase`], a curve of several phases that count as one, or a replay of given times.
//! [`crate::arrivals`] draws from the pieces that this file makes of them. It knows nothing of where a
//! curve or a replay comes from: see [`crate::curves`] and [`crate::trace`].

use core::time::Duration;
use std::sync::Arc;

use crate::arrivals::{LoadFault, MAX_PHASES, MAX_SPAN, Phase};

/// One stretch of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// A rate or a ramp.
    Phase(Phase),
    /// Several in a row that count as one: a rate that changes from second to second.
    Curve(Vec<Phase>),
    /// Arrivals at given times.
    Replay(Replay),
}

/// Arrivals at given times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How long the stretch lasts.
    pub span: Duration,
    /// When each arrives, in nanoseconds since the stretch began: in order, and before its end.
    pub times_ns: Arc<[u64]>,
    /// Whether its arrivals count in the summary figures.
    pub measured: bool,
}

impl From<Phase> for Stretch {
    fn from(phase: Phase) -> Self {
        Self::Phase(phase)
    }
}

/// A part of a stretch that is drawn from in one way.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The index of its stretch.
    pub(crate) stretch: usize,
    pub(crate) load: PieceLoad,
}

#[derive(Clone, Debug)]
pub(crate) enum PieceLoad {
    Rate(Phase),
    Times(Replay),
}

/// The pieces of a load, checked.
///
/// # Errors
/// The first [`LoadFault`] found.
pub(crate) fn pieces<S: Into<Stretch>>(stretches: Vec<S>) -> Result<Vec<Piece>, LoadFault> {
    let mut pieces = Vec::new();
    for (stretch, load) in stretches.into_iter().enumerate() {
        let rate = |phase| Piece {
            stretch,
            load: PieceLoad::Rate(phase),
        };
        match load.into() {
            Stretch::Phase(phase) => pieces.push(rate(phase)),
            Stretch::Curve(phases) if phases.is_empty() => return Err(LoadFault::Phases),
            Stretch::Curve(phases) => pieces.extend(phases.into_iter().map(rate)),
            Stretch::Replay(replay) => pieces.push(Piece {
                stretch,
                load: PieceLoad::Times(replay),
            }),
        }
    }
    check(&pieces)?;
    Ok(pieces)
}

fn check(pieces: &[Piece]) -> Result<(), LoadFault> {
    if pieces.is_empty() || pieces.len() > MAX_PHASES {
        return Err(LoadFault::Phases);
    }
    let mut total = Duration::ZERO;
    let mut loaded = false;
    for piece in pieces {
        let (span, load) = match &piece.load {
            PieceLoad::Rate(phase) => (phase.span, phase.check()?),
            PieceLoad::Times(replay) => (replay.span, replay.check()?),
        };
        total += span;
        loaded |= load;
    }
    if u64::try_from(total.as_nanos()).is_err() {
        return Err(LoadFault::TooLong);
    }
    if loaded {
        Ok(())
    } else {
        Err(LoadFault::Empty)
    }
}

impl Replay {
    /// Whether there is any load in it, if it makes sense.
    fn check(&self) -> Result<bool, LoadFault> {
        if self.span.is_zero() || self.span > MAX_SPAN {
            return Err(LoadFault::Span);
        }
        let in_order = self.times_ns.is_sorted();
        let last = self.times_ns.last().copied();
        if !in_order || last.is_some_and(|last| u128::from(last) >= self.span.as_nanos()) {
            return Err(LoadFault::Times);
        }
        Ok(last.is_some())
    }
}
