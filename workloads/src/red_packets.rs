//! Red packets on New Year's Eve (docs/sources.md W14): one payer gives as much to each of some people,
//! to all or to none, beside the payments of any other day.
//!
//! The catalogue says that packets are split and not how often: they have the place that reads of a
//! balance have in the mix of payments, and each goes to 2 to 63 people, every doubling alike
//! (estimates). Law: money is neither made nor lost.
//!
//! Attackers submit a packet again, as they do payments. Who errs gives more than anybody can hold,
//! names too many people, or somebody who does not exist: then nobody gets anything.

use core::time::Duration;

use groma_ledger::payment::{Payment, SPLIT_LIMIT};
use groma_ledger::{AccountId, Genesis, State};
use rand::Rng;

use crate::cycle::Cycle;
use crate::parents::Parents;
use crate::payments::{Payments, check_money, draft};
use crate::people::People;
use crate::population::{Chance, below, log_uniform};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// Packets among all transactions (estimate): the place of reads of a balance in W14.
const PACKET_SHARE: f64 = 0.2;
/// People of a packet: the doublings from 2 to 64 (estimate).
const FEWEST: u64 = 2;
const DOUBLINGS: u32 = 5;
/// What each gets: the doublings from CNY 1 to 32 (estimate).
const LEAST: u64 = 100;
const EACH_DOUBLINGS: u32 = 5;
/// Packets remembered for replays: at a lag of 2 s, enough for 500 replays a second.
const REMEMBERED: usize = 1 << 10;

/// A packet that may be submitted again.
#[derive(Clone, Debug)]
struct Packet {
    payer: AccountId,
    to: Box<[AccountId]>,
    each: u64,
}

impl Packet {
    fn draft(self) -> Draft {
        let Self { payer, to, each } = self;
        draft(payer, Payment::Split { to, each })
    }
}

/// The workload "red-packets".
#[derive(Debug)]
pub struct RedPackets {
    people: People,
    payments: Payments,
    packet: Chance,
    given: Parents<(Packet, u64)>,
    /// The packet drawn last, while its nonce is not known.
    drawn: Option<Packet>,
}

impl RedPackets {
    /// New Year's Eve in a city.
    pub fn new(setup: &WorkloadSetup) -> Self {
        Self {
            people: setup.people,
            payments: Payments::new(setup),
            packet: Chance::new(PACKET_SHARE),
            given: Parents::new(setup.lag, REMEMBERED),
            drawn: None,
        }
    }

    /// A packet for so many people, or for everybody else if these are fewer; for the payer himself if
    /// he is alone.
    fn packet(&self, receivers: u64, rng: &mut dyn Rng) -> Packet {
        let payer = self.people.any_citizen(rng);
        let citizens = self.people.citizens();
        let receivers = receivers.min(citizens - 1).max(1) as usize;
        let mut to = Vec::with_capacity(receivers);
        while to.len() < receivers {
            let mut drawn = self.people.any_citizen(rng);
            while to.contains(&drawn) || drawn == payer && citizens > 1 {
                drawn = self.people.citizen((drawn.0 + 1) % citizens);
            }
            to.push(drawn);
        }
        Packet {
            payer,
            to: to.into(),
            each: log_uniform(rng, LEAST, EACH_DOUBLINGS),
        }
    }

    fn any_packet(&self, rng: &mut dyn Rng) -> Packet {
        let receivers = log_uniform(rng, FEWEST, DOUBLINGS);
        self.packet(receivers, rng)
    }
}

impl Cycle for RedPackets {
    const NAME: &'static str = "red-packets";

    fn genesis(&self, genesis: &mut Genesis) {
        self.payments.genesis(genesis);
    }

    fn honest(&mut self, now: Duration, rng: &mut dyn Rng) -> Draft {
        if !self.packet.draw(rng) {
            return self.payments.honest(now, rng);
        }
        let packet = self.any_packet(rng);
        self.drawn = Some(packet.clone());
        packet.draft()
    }

    fn attack(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if !self.packet.draw(rng) {
            return self.payments.attack(now, rng);
        }
        let (packet, nonce) = self.given.take(now, rng)?;
        Some(packet.draft().again(nonce))
    }

    fn mistake(&mut self, now: Duration, rng: &mut dyn Rng) -> Option<Draft> {
        if !self.packet.draw(rng) {
            return self.payments.mistake(now, rng);
        }
        let mut packet = self.any_packet(rng);
        match below(rng, 3) {
            // More than all have together.
            0 => packet.each = self.people.money() / packet.to.len() as u64 + 1,
            // The same people over and over: a list is too long whoever is on it.
            1 => {
                let known = packet.to.iter().cycle().take(SPLIT_LIMIT + 1);
                packet.to = known.copied().collect();
            }
            // The last one is nobody, so that all others would have been paid.
            _ => {
                let last = packet.to.len() - 1;
                packet.to[last] = AccountId(self.people.accounts());
            }
        }
        Some(packet.draft())
    }

    fn numbered(&mut self, now: Duration, nonce: u64) {
        match self.drawn.take() {
            Some(packet) => self.given.push(now, (packet, nonce)),
            None => self.payments.numbered(now, nonce),
        }
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        check_money(self.people, state)
    }
}
