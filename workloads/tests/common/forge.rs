//! A town whose ledger is forged, record by record: which law notices it? It knows no workload; a test
//! names the tables that the law reads.

use groma_ledger::{AccountId, Genesis, State, Table};
use groma_workloads::WorkloadSetup;
use groma_workloads::workload::Breach;

use super::{Run, build, town};

/// The tables that a law reads: [`copy`] of each.
pub type Tables = &'static [fn(&State, &mut Genesis)];

/// Puts all that a table holds into another first state.
pub fn copy<T: Table>(from: &State, to: &mut Genesis) {
    from.for_each::<T>(|key, value| to.put::<T>(&key, &value));
}

/// A town after a run.
pub struct Town {
    pub run: Run,
    /// Its balances and the tables that the law reads, as they are.
    faithful: Genesis,
}

impl Town {
    /// A town of 20,000 after 20,000 transactions.
    pub fn new(name: &str, tables: Tables) -> Self {
        Self::after(name, &town(20_000), (20, 1_000), tables)
    }

    /// A town after so many blocks of so many transactions.
    pub fn after(
        name: &str,
        setup: &WorkloadSetup,
        (blocks, size): (u64, u64),
        tables: Tables,
    ) -> Self {
        let mut run = Run::new(build(name, setup), 5);
        run.blocks(blocks, size);
        Self::of(run, tables)
    }

    /// The town of a run. A faithful copy of it must pass.
    pub fn of(run: Run, tables: Tables) -> Self {
        let mut faithful = balances(&run);
        for copy in tables {
            copy(&run.state, &mut faithful);
        }
        let town = Self { run, faithful };
        town.check(|_| {}).expect("a faithful copy passes");
        town
    }

    /// A record that is there.
    pub fn get<T: Table>(&self, key: &T::Key) -> T::Value {
        self.run.state.get::<T>(key).unwrap()
    }

    /// The last record that satisfies a filter.
    pub fn find<T: Table>(
        &self,
        filter: impl Fn(&T::Key, &T::Value) -> bool,
    ) -> (T::Key, T::Value) {
        let mut found = None;
        self.run.state.for_each::<T>(|key, value| {
            if filter(&key, &value) {
                found = Some((key, value));
            }
        });
        found.expect("some record satisfies the filter")
    }

    /// What the law says of the town after a change.
    pub fn check(&self, change: impl FnOnce(&mut Genesis)) -> Result<u64, Breach> {
        let mut forged = self.faithful.clone();
        change(&mut forged);
        self.run.city.workload().check(&State::genesis(&forged))
    }

    /// The law that a change breaks.
    pub fn law_of(&self, change: impl FnOnce(&mut Genesis)) -> &'static str {
        self.check(change).expect_err("a law notices").law
    }

    /// The law that one forged record breaks.
    pub fn law<T: Table>(&self, key: T::Key, value: T::Value) -> &'static str {
        self.law_of(|genesis| genesis.put::<T>(&key, &value))
    }

    /// The law that a record breaks once it is changed like this.
    pub fn changed<T: Table>(
        &self,
        key: T::Key,
        change: impl FnOnce(&mut T::Value),
    ) -> &'static str {
        let mut value = self.get::<T>(&key);
        change(&mut value);
        self.law::<T>(key, value)
    }
}

/// A first state without records, in which everybody holds what he holds after a run.
fn balances(run: &Run) -> Genesis {
    let mut first = Genesis::default();
    run.city.workload().genesis(&mut first);
    let mut genesis = Genesis::new(first.accounts, first.balance);
    for id in (0..first.accounts).map(AccountId) {
        let balance = run.state.account(id).unwrap().balance;
        if balance != first.balance {
            genesis.balances.insert(id, balance);
        }
    }
    genesis
}
