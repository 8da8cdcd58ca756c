//! Several workloads at once, by share.

use core::fmt;
use core::time::Duration;

use groma_ledger::{Genesis, State};
use rand::Rng;

use crate::population::below;
use crate::steps::Step;
use crate::workload::{Breach, Draft, Workload};

/// What is wrong with a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MixFault {
    /// It has no parts.
    Empty,
    /// A share is negative, not a number, or above a million.
    Share,
    /// All shares together come to nothing.
    Nothing,
    /// A step is of none of its workloads, or cannot stand apart.
    Step,
}

impl fmt::Display for MixFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a mix needs at least one workload",
            Self::Share => "a share must be a number between 0 and 1,000,000",
            Self::Nothing => "the shares of a mix come to nothing",
            Self::Step => "a step that stands apart must be of a workload of the mix",
        })
    }
}

impl std::error::Error for MixFault {}

/// Workloads drawn at random in proportion to their shares; the law is that of every part.
///
/// The draws are independent, because any fixed pattern would keep step with the round robin of
/// gateways and send all invoices through the same one.
pub struct Mix {
    parts: Vec<Box<dyn Workload>>,
    /// The steps that have shares of their own, after those of the parts, and their parts.
    apart: Vec<(usize, &'static Step)>,
    /// The shares that hold until an instant, in order of time; the last hold for good.
    spells: Vec<(Duration, Shares)>,
    /// The spell at hand.
    spell: usize,
    /// The part that drew last.
    last: usize,
}

/// Shares of the parts, for drawing: of each the sum up to and with it, in millionths.
struct Shares(Vec<u64>);

const MAX_SHARE: f64 = 1e6;
const PARTS_OF_ONE: u64 = 1 << 40;

impl Shares {
    fn new(shares: &[f64]) -> Result<Self, MixFault> {
        let mut total = 0;
        let mut until = Vec::with_capacity(shares.len());
        for share in shares {
            if !(0.0..=MAX_SHARE).contains(share) {
                return Err(MixFault::Share);
            }
            total += libm::round(share * 1e6) as u64;
            until.push(total);
        }
        if total == 0 {
            return Err(MixFault::Nothing);
        }
        Ok(Self(until))
    }

    fn draw(&self, rng: &mut dyn Rng) -> usize {
        let total = self.0.last().copied().unwrap_or_default();
        let drawn = below(rng, total);
        self.0.partition_point(|&until| until <= drawn)
    }
}

impl Mix {
    /// A mix of workloads with their shares, in any unit (they are divided by their sum).
    ///
    /// # Errors
    /// A [`MixFault`] when the shares make no sense.
    pub fn new(shares: Vec<(f64, Box<dyn Workload>)>) -> Result<Self, MixFault> {
        let (shares, parts): (Vec<f64>, _) = shares.into_iter().unzip();
        Self::timed(parts, &[(Duration::MAX, shares)])
    }

    /// A mix whose shares change: each list of shares holds until its instant, and the last one for
    /// good.
    ///
    /// # Errors
    /// A [`MixFault`] when the shares of any time make no sense.
    pub fn timed(
        parts: Vec<Box<dyn Workload>>,
        spells: &[(Duration, Vec<f64>)],
    ) -> Result<Self, MixFault> {
        Self::with_steps(parts, &[], spells)
    }

    /// The same where some steps have shares of their own, which follow those of the parts; their
    /// workloads leave them out.
    ///
    /// # Errors
    /// A [`MixFault`] when the shares of any time make no sense, or a step is not of these parts.
    pub fn with_steps(
        mut parts: Vec<Box<dyn Workload>>,
        steps: &[&'static Step],
        spells: &[(Duration, Vec<f64>)],
    ) -> Result<Self, MixFault> {
        let mut apart = Vec::with_capacity(steps.len());
        for &step in steps {
            let mut of = parts.iter_mut().enumerate();
            let found = of.find(|(_, part)| part.name() == step.workload());
            let (place, part) = found.ok_or(MixFault::Step)?;
            if !part.leave_out(step.step()) {
                return Err(MixFault::Step);
            }
            apart.push((place, step));
        }
        let all = parts.len() + apart.len();
        let matching = |(_, shares): &(Duration, Vec<f64>)| shares.len() == all;
        if parts.is_empty() || spells.is_empty() || !spells.iter().all(matching) {
            return Err(MixFault::Empty);
        }
        let spells = spells
            .iter()
            .map(|(until, shares)| Ok((*until, Shares::new(shares)?)))
            .collect::<Result<_, MixFault>>()?;
        Ok(Self {
            parts,
            apart,
            spells,
            spell: 0,
            last: 0,
        })
    }
}

impl Mix {
    /// A step of a part, or what the part itself draws.
    fn draw(
        &mut self,
        place: usize,
        step: Option<&Step>,
        now: Duration,
        rng: &mut dyn Rng,
    ) -> Draft {
        self.last = place;
        let part = &mut self.parts[place];
        let apart = step.and_then(|step| part.next_step(step.step(), now, rng));
        apart.unwrap_or_else(|| part.next(now, rng))
    }

    /// One of a part's steps that stand apart, or none of them, by the part's own mix.
    fn usual(&self, place: usize, rng: &mut dyn Rng) -> Option<&'static Step> {
        let mut left = below(rng, PARTS_OF_ONE) as f64 / PARTS_OF_ONE as f64;
        let own = self.apart.iter().filter(|(of, _)| *of == place);
        own.map(|(_, step)| *step).find(|step| {
            left -= step.share;
            left < 0.0
        })
    }
}

impl Workload for Mix {
    fn name(&self) -> &'static str {
        "mix"
    }

    fn genesis(&self, genesis: &mut Genesis) {
        for part in &self.parts {
            part.genesis(genesis);
        }
    }

    fn next(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        while self.spell + 1 < self.spells.len() && now >= self.spells[self.spell].0 {
            self.spell += 1;
        }
        let drawn = self.spells[self.spell].1.draw(rng);
        let (place, step) = match drawn.checked_sub(self.parts.len()) {
            None => (drawn, None),
            Some(apart) => (self.apart[apart].0, Some(self.apart[apart].1)),
        };
        self.draw(place, step, now, rng)
    }

    fn next_of(&mut self, part: &str, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if let Some(place) = self.parts.iter().position(|of| of.name() == part)
            && self.apart.iter().any(|&(of, _)| of == place)
        {
            let step = self.usual(place, rng);
            return Some(self.draw(place, step, now, rng));
        }
        let mut parts = self.parts.iter_mut().enumerate();
        let (last, draft) =
            parts.find_map(|(place, of)| Some((place, of.next_of(part, now, rng)?)))?;
        self.last = last;
        Some(draft)
    }

    fn due_at(&self) -> Option<Duration> {
        self.parts.iter().filter_map(|part| part.due_at()).min()
    }

    fn due(&mut self) -> Option<Draft> {
        let times = self.parts.iter().enumerate();
        let due = times.filter_map(|(place, part)| Some((part.due_at()?, place)));
        let (_, place) = due.min()?;
        self.last = place;
        self.parts[place].due()
    }

    fn numbered(&mut self, now: Duration, nonce: u64) {
        self.parts[self.last].numbered(now, nonce);
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        self.parts
            .iter()
            .try_fold(0, |made, part| Ok(made + part.check(state)?))
    }
}
