//! Who holds which account: the one partition of the account space that all workloads share, so
//! that any of them can be mixed.
//!
//! In order: citizens, terminals of firms, terminals of departments, of banks, of the tax bureau,
//! of the rule engine. An institution that sends much signs from several accounts ("terminals"), as
//! a real one has several machines, each with its own count of nonces; so its transactions may
//! overtake each other on the way. This file knows nothing of what anybody does. It holds no memory
//! per account.

use core::fmt;

use groma_ledger::roles::Seats;
use groma_ledger::{AccountId, Genesis};
use rand::Rng;

use crate::population::below;

/// The largest population.
pub const MAX_CITIZENS: u64 = 1 << 34;
/// The population of Shenzhen (docs/sources.md, from memory): the default of the city scenarios.
pub const SHENZHEN: u64 = 17_800_000;
/// What every account holds at genesis, in cents (estimate): CNY 10,000.
pub const OPENING_BALANCE: u64 = 1_000_000;
/// Accounts of each large institution (estimate): the hot issuer stays below 10 transactions per
/// second and terminal at a city load of 10,000 TPS.
pub const TERMINALS: u32 = 64;
/// Firms that have [`TERMINALS`] accounts; the others have one each (estimate). Firm 0 is the
/// metro.
pub const MAJOR_FIRMS: u32 = 64;
/// Government departments that send credit records (docs/sources.md W2).
pub const DEPARTMENTS: u32 = 50;
/// Banks that query credit records (docs/sources.md W2).
pub const BANKS: u32 = 30;

/// Firms that issued blockchain invoices in Shenzhen by 2021 (docs/sources.md, Shenzhen tax bureau).
const SHENZHEN_FIRMS: u64 = 32_000;
const MIN_FIRMS: u64 = 2 * MAJOR_FIRMS as u64;
/// Seven digits of an invoice number name the terminal.
const MAX_FIRMS: u64 = 5_000_000;

/// The population is zero or above [`MAX_CITIZENS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopulationFault;

impl fmt::Display for PopulationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a population must be between 1 and {MAX_CITIZENS}")
    }
}

impl std::error::Error for PopulationFault {}

/// The accounts of a city of a given population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct People {
    citizens: u64,
    firms: u32,
}

impl People {
    /// A city of `citizens`; the number of its firms follows from Shenzhen's ratio.
    ///
    /// # Errors
    /// [`PopulationFault`] when there is nobody, or more than [`MAX_CITIZENS`].
    pub fn new(citizens: u64) -> Result<Self, PopulationFault> {
        if citizens == 0 || citizens > MAX_CITIZENS {
            return Err(PopulationFault);
        }
        let firms = (citizens * SHENZHEN_FIRMS / SHENZHEN).clamp(MIN_FIRMS, MAX_FIRMS);
        Ok(Self {
            citizens,
            firms: firms as u32,
        })
    }

    /// How many citizens there are.
    pub fn citizens(&self) -> u64 {
        self.citizens
    }

    /// How many firms there are.
    pub fn firms(&self) -> u32 {
        self.firms
    }

    /// How many accounts there are in all.
    pub fn accounts(&self) -> u64 {
        self.engine(0).0 + u64::from(TERMINALS)
    }

    /// The sum of all opening balances, in cents.
    pub fn money(&self) -> u64 {
        // At most 2^35 accounts of 2^20 cents.
        self.accounts() * OPENING_BALANCE
    }

    /// The account of a citizen.
    pub fn citizen(&self, index: u64) -> AccountId {
        debug_assert!(index < self.citizens);
        AccountId(index)
    }

    /// Any citizen, all alike.
    pub(crate) fn any_citizen(&self, rng: &mut dyn Rng) -> AccountId {
        self.citizen(below(rng, self.citizens))
    }

    /// Any account of a citizen or a firm that is not among these.
    pub(crate) fn anybody_but(&self, but: &[AccountId], rng: &mut dyn Rng) -> AccountId {
        let all = self.citizens + u64::from(self.firm_terminals());
        let mut drawn = AccountId(below(rng, all));
        while but.contains(&drawn) {
            drawn.0 = (drawn.0 + 1) % all;
        }
        drawn
    }

    /// How many terminals a firm has.
    pub fn terminals_of(&self, firm: u32) -> u32 {
        if firm < MAJOR_FIRMS { TERMINALS } else { 1 }
    }

    /// How many terminals all firms have together.
    pub fn firm_terminals(&self) -> u32 {
        MAJOR_FIRMS * TERMINALS + (self.firms - MAJOR_FIRMS)
    }

    /// A terminal of a firm, counted over all firms.
    pub fn terminal_index(&self, firm: u32, terminal: u32) -> u32 {
        debug_assert!(firm < self.firms && terminal < self.terminals_of(firm));
        if firm < MAJOR_FIRMS {
            firm * TERMINALS + terminal
        } else {
            MAJOR_FIRMS * TERMINALS + (firm - MAJOR_FIRMS)
        }
    }

    /// The account of a firm's terminal.
    pub fn terminal(&self, firm: u32, terminal: u32) -> AccountId {
        AccountId(self.citizens + u64::from(self.terminal_index(firm, terminal)))
    }

    /// Any account of a firm.
    pub(crate) fn any_terminal(&self, firm: u32, rng: &mut dyn Rng) -> AccountId {
        let terminals = u64::from(self.terminals_of(firm));
        self.terminal(firm, below(rng, terminals) as u32)
    }

    /// An account of a department.
    pub fn department(&self, department: u32, terminal: u32) -> AccountId {
        debug_assert!(department < DEPARTMENTS && terminal < TERMINALS);
        let first = self.citizens + u64::from(self.firm_terminals());
        AccountId(first + u64::from(department * TERMINALS + terminal))
    }

    /// Any account of a department.
    pub(crate) fn any_clerk(&self, department: u32, rng: &mut dyn Rng) -> AccountId {
        self.department(department, below(rng, u64::from(TERMINALS)) as u32)
    }

    /// An account of a bank.
    pub fn bank(&self, bank: u32, terminal: u32) -> AccountId {
        debug_assert!(bank < BANKS && terminal < TERMINALS);
        let first = self.department(0, 0).0 + u64::from(DEPARTMENTS * TERMINALS);
        AccountId(first + u64::from(bank * TERMINALS + terminal))
    }

    /// The seats of the firms with many terminals.
    pub fn major_firms(&self) -> Seats {
        seats(self.terminal(0, 0), MAJOR_FIRMS, TERMINALS)
    }

    /// The seats of the other firms, one each.
    pub fn minor_firms(&self) -> Seats {
        let first = self.terminal(MAJOR_FIRMS, 0);
        seats(first, self.firms - MAJOR_FIRMS, 1)
    }

    /// The seats of some departments in a row.
    pub fn departments(&self, first: u32, count: u32) -> Seats {
        debug_assert!(first + count <= DEPARTMENTS);
        seats(self.department(first, 0), count, TERMINALS)
    }

    /// The seats of the banks.
    pub fn banks(&self) -> Seats {
        seats(self.bank(0, 0), BANKS, TERMINALS)
    }

    /// An account of the tax bureau.
    pub fn tax(&self, terminal: u32) -> AccountId {
        debug_assert!(terminal < TERMINALS);
        AccountId(self.bank(0, 0).0 + u64::from(BANKS * TERMINALS + terminal))
    }

    /// Any account of the tax bureau.
    pub(crate) fn any_tax(&self, rng: &mut dyn Rng) -> AccountId {
        self.tax(below(rng, u64::from(TERMINALS)) as u32)
    }

    /// An account of the engine that rewards and penalises.
    pub fn engine(&self, terminal: u32) -> AccountId {
        debug_assert!(terminal < TERMINALS);
        AccountId(self.tax(0).0 + u64::from(TERMINALS + terminal))
    }
}

/// Accounts `first ..` for so many institutions of `each` accounts.
pub(crate) fn seats(first: AccountId, institutions: u32, each: u32) -> Seats {
    Seats {
        first,
        institutions,
        each,
    }
}

/// Moves money between accounts of the first state, so that a stock begins with money and none is made.
pub(crate) fn endow(genesis: &mut Genesis, from: AccountId, to: AccountId, amount: u64) {
    let opening = genesis.balance;
    let balance = genesis.balances.entry(from).or_insert(opening);
    *balance = balance
        .checked_sub(amount)
        .expect("a stock takes less than an account opens with");
    *genesis.balances.entry(to).or_insert(opening) += amount;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_parts_tile_the_account_space() {
        for citizens in [1, 1_000, SHENZHEN, MAX_CITIZENS] {
            let people = People::new(citizens).unwrap();
            assert_eq!(people.citizen(citizens - 1).0 + 1, people.terminal(0, 0).0);
            let mut next = people.terminal(0, 0);
            for firm in 0..people.firms().min(1_000) {
                for terminal in 0..people.terminals_of(firm) {
                    assert_eq!(people.terminal(firm, terminal), next);
                    next.0 += 1;
                }
            }
            assert_eq!(
                people.terminal(people.firms() - 1, 0).0 + 1,
                people.department(0, 0).0
            );
            assert_eq!(
                people.department(DEPARTMENTS - 1, TERMINALS - 1).0 + 1,
                people.bank(0, 0).0
            );
            assert_eq!(people.bank(BANKS - 1, TERMINALS - 1).0 + 1, people.tax(0).0);
            assert_eq!(people.tax(TERMINALS - 1).0 + 1, people.engine(0).0);
            assert_eq!(people.engine(TERMINALS - 1).0 + 1, people.accounts());
        }
        assert_eq!(People::new(SHENZHEN).unwrap().firms(), 32_000);
    }

    #[test]
    fn impossible_populations_are_refused() {
        assert_eq!(People::new(0), Err(PopulationFault));
        assert_eq!(People::new(MAX_CITIZENS + 1), Err(PopulationFault));
    }
}
