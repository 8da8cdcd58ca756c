//! The contracts of Diablo (docs/sources.md Diablo): "dota", "fifa", "nasdaq", "twitter", "uber",
//! "youtube".
//!
//! Two thousand accounts call one contract. What a call does is the ledger's affair
//! ([`groma_ledger::dapp`]); how many come in a second is a scenario's, see
//! [`crate::curves`]. Law: the counters of a contract are the calls that were applied to it.

use core::fmt::Debug;
use core::marker::PhantomData;
use core::time::Duration;
use std::collections::BTreeMap;

use groma_ledger::dapp::{
    Contract, ContractTallies, Coordinate, DappTx, GRID, MAP, PLAYERS, Rides, SHARES, STOCKS,
    Slots, Stocks, Tweets, Uploads, Videos, Visits, distance, driver, nearest,
};
use groma_ledger::{AccountId, Body, Genesis, State, Table};
use rand::Rng;

use crate::benchmarks::Clients;
use crate::checks::Checks;
use crate::cycle::Cycle;
use crate::population::{Weighted, below};
use crate::workload::{Breach, Draft, WorkloadSetup};

/// Accounts that call.
const ACCOUNTS: u64 = 2_000;
/// Riders for whom the law looks at all drivers again; of the others it measures the one distance.
const SEARCHED: usize = 16;

/// How often each sender has called one contract.
type Calls = BTreeMap<AccountId, u64>;

/// A contract and those who call it.
pub(crate) trait Dapp: Debug + Send + 'static {
    const NAME: &'static str;
    const CONTRACT: Contract;
    /// Bytes of what is sent besides the call.
    const DOCUMENT: u16 = 0;

    /// A call.
    fn call(rng: &mut dyn Rng) -> DappTx;

    /// The law, given the calls that were applied: one at least.
    fn check(state: &State, calls: &Calls, checks: &mut Checks);
}

/// A workload of one contract.
#[derive(Debug)]
pub(crate) struct Diablo<D> {
    clients: Clients,
    dapp: PhantomData<D>,
}

impl<D: Dapp> Diablo<D> {
    /// Calls from the citizens of a city.
    pub(crate) fn new(setup: &WorkloadSetup) -> Self {
        Self {
            clients: Clients::at_most(setup, ACCOUNTS),
            dapp: PhantomData,
        }
    }
}

const TALLIED: &str = "what a contract keeps is what was called";

impl<D: Dapp> Cycle for Diablo<D> {
    const NAME: &'static str = D::NAME;

    fn genesis(&self, genesis: &mut Genesis) {
        self.clients.open(genesis);
    }

    fn honest(&mut self, _now: Duration, rng: &mut dyn Rng) -> Draft {
        let sender = self.clients.draw(rng);
        Draft::filled(sender, D::DOCUMENT, Body::Dapp(D::call(rng)))
    }

    fn check(&self, state: &State) -> Result<u64, Breach> {
        let mut checks = Checks::default();
        let mut calls = Calls::new();
        state.for_each::<ContractTallies>(|(sender, _), tally| {
            let of_this = tally[D::CONTRACT as usize];
            if of_this > 0 {
                calls.insert(sender, of_this);
            }
        });
        D::check(state, &calls, &mut checks);
        checks.result()
    }
}

fn total(calls: &Calls) -> u64 {
    calls.values().sum()
}

/// A game of ten players, all of whom each call moves.
#[derive(Debug)]
pub(crate) struct Dota;

impl Dapp for Dota {
    const NAME: &'static str = "dota";
    const CONTRACT: Contract = Contract::Dota;

    fn call(_rng: &mut dyn Rng) -> DappTx {
        // `update(1, 1)`, as in the published configuration.
        DappTx::Move { x: 1, y: 1 }
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        let moves = total(calls);
        let mut slots = 0;
        state.for_each::<Slots>(|slot, found| {
            slots += 1;
            let at = (u64::from(Coordinate::start(slot).at) + moves) % u64::from(MAP);
            let holds = found.moves == moves && u64::from(found.at) == at;
            checks.hold(TALLIED, holds, || {
                format!("slot {slot} after {moves} moves: {found:?}")
            });
        });
        if moves > 0 {
            checks.hold(TALLIED, slots == 2 * usize::from(PLAYERS), || {
                format!("{slots} slots were moved")
            });
        }
    }
}

/// An exchange of five stocks.
#[derive(Debug)]
pub(crate) struct Nasdaq;

/// In thousandths: TSLA, AAPL and AMD by their shares of the opening, the other two share the rest
/// (estimate).
const POPULARITY: Weighted<{ STOCKS as usize }> = Weighted::new([310, 253, 112, 163, 162]);

impl Dapp for Nasdaq {
    const NAME: &'static str = "nasdaq";
    const CONTRACT: Contract = Contract::Exchange;

    fn call(rng: &mut dyn Rng) -> DappTx {
        let stock = POPULARITY.draw(rng) as u8;
        DappTx::Buy { stock }
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        let (bought, mut sold, mut stocks) = (total(calls), 0_u128, 0);
        state.for_each::<Stocks>(|_, left| {
            stocks += 1;
            sold += u128::from(SHARES.saturating_sub(left));
        });
        if bought > 0 || stocks > 0 {
            checks.hold(TALLIED, sold == u128::from(bought), || {
                format!("{sold} shares were sold, and {bought} bought")
            });
        }
    }
}

/// A mobility service that looks for the nearest driver.
#[derive(Debug)]
pub(crate) struct Uber;

const NEAREST: &str = "a rider has the nearest driver";

impl Dapp for Uber {
    const NAME: &'static str = "uber";
    const CONTRACT: Contract = Contract::Mobility;

    fn call(rng: &mut dyn Rng) -> DappTx {
        let mut place = || below(rng, u64::from(GRID)) as u32;
        let (x, y) = (place(), place());
        DappTx::Ride { x, y }
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        let mut riders = 0;
        state.for_each::<Rides>(|rider, ride| {
            let called = calls.get(&rider).copied();
            checks.hold(TALLIED, called == Some(ride.rides), || {
                format!("{rider:?} called {called:?} times: {ride:?}")
            });
            let place = (ride.x, ride.y);
            let nearest = if riders < SEARCHED {
                nearest(place) == (ride.driver, ride.distance)
            } else {
                distance(place, driver(ride.driver)) == ride.distance
            };
            checks.hold(NEAREST, nearest, || format!("{rider:?}: {ride:?}"));
            riders += 1;
        });
        if !calls.is_empty() {
            checks.hold(TALLIED, riders == calls.len(), || {
                format!("{} have called, and {riders} rode", calls.len())
            });
        }
    }
}

/// A video service to which everybody uploads.
#[derive(Debug)]
pub(crate) struct Youtube;

impl Dapp for Youtube {
    const NAME: &'static str = "youtube";
    const CONTRACT: Contract = Contract::Video;
    /// A kilobyte of what describes a video (estimate).
    const DOCUMENT: u16 = 1_024;

    fn call(_rng: &mut dyn Rng) -> DappTx {
        let bytes = u32::from(Self::DOCUMENT);
        DappTx::Upload { bytes }
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        check_stored::<Videos>(Self::DOCUMENT, state, calls, checks);
    }
}

/// Messages, of which each sender's latest is kept.
#[derive(Debug)]
pub(crate) struct Twitter;

impl Dapp for Twitter {
    const NAME: &'static str = "twitter";
    const CONTRACT: Contract = Contract::Tweets;
    /// What the published configuration tweets.
    const DOCUMENT: u16 = 32;

    fn call(_rng: &mut dyn Rng) -> DappTx {
        let bytes = u32::from(Self::DOCUMENT);
        DappTx::Tweet { bytes }
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        check_stored::<Tweets>(Self::DOCUMENT, state, calls, checks);
    }
}

/// Each sender stored a document of that size in each of its calls.
fn check_stored<T: Table<Key = AccountId, Value = Uploads>>(
    document: u16,
    state: &State,
    calls: &Calls,
    checks: &mut Checks,
) {
    let mut senders = 0;
    state.for_each::<T>(|sender, uploads| {
        senders += 1;
        let called = calls.get(&sender).copied();
        let bytes = u64::from(document) * uploads.count;
        let holds = called == Some(uploads.count) && uploads.bytes == bytes;
        checks.hold(TALLIED, holds, || {
            format!("{sender:?} called {called:?} times: {uploads:?}")
        });
    });
    if !calls.is_empty() {
        checks.hold(TALLIED, senders == calls.len(), || {
            format!("{} have called, and {senders} stored", calls.len())
        });
    }
}

/// A site that counts its visits.
#[derive(Debug)]
pub(crate) struct Fifa;

impl Dapp for Fifa {
    const NAME: &'static str = "fifa";
    const CONTRACT: Contract = Contract::Fifa;

    fn call(_rng: &mut dyn Rng) -> DappTx {
        DappTx::Visit
    }

    fn check(state: &State, calls: &Calls, checks: &mut Checks) {
        let (expected, found) = (total(calls), state.get::<Visits>(&()));
        if expected > 0 || found.is_some() {
            checks.hold(TALLIED, found == Some(expected), || {
                format!("{found:?} visits were counted, and there were {expected}")
            });
        }
    }
}
