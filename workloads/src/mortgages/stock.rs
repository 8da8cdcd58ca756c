//! The world of mortgages at genesis: who is who, and a stock of liens to follow up on.

use groma_ledger::mortgage::{AssetId, Collateral, Collaterals, Lien, Registries, Registry};
use groma_ledger::{AccountId, Genesis};

use super::{Burden, Claim};
use crate::people::{BANKS, OPENING_BALANCE, People, TERMINALS};

/// The stock, the same whenever it is asked for: of four things one has two liens.
pub(super) fn burdens(people: People, stock: u32) -> impl Iterator<Item = Burden> {
    let firms = people.minor_firms();
    (0..stock).map(move |number| {
        let claim = |lien: u8| Claim {
            lien,
            creditor: people.bank(
                (number + u32::from(lien)) % BANKS,
                number / BANKS % TERMINALS,
            ),
            amount: 1_000_000 << (number % 8),
        };
        let is_double = number % 4 == 3;
        Burden {
            asset: AssetId {
                owner: AccountId(firms.first.0 + u64::from(number % firms.institutions)),
                number: u64::from(number),
            },
            first: claim(0),
            second: is_double.then(|| claim(1)),
            liens: 1 + u8::from(is_double),
            cessions: 0,
        }
    })
}

/// Writes the first state.
pub(super) fn genesis(people: People, stock: u32, genesis: &mut Genesis) {
    genesis.accounts = people.accounts();
    genesis.balance = OPENING_BALANCE;
    let registry = Registry {
        creditors: people.banks(),
        owners: people.minor_firms(),
    };
    genesis.put::<Registries>(&(), &registry);
    for burden in burdens(people, stock) {
        let claims = [Some(burden.first), burden.second];
        let liens = claims.into_iter().flatten().map(|claim| Lien {
            creditor: claim.creditor,
            amount: claim.amount,
            since_ns: 0,
            due_ns: 0,
            rank: claim.lien,
            released_ns: None,
        });
        let collateral = Collateral {
            liens: liens.collect(),
            ..Collateral::default()
        };
        genesis.put::<Collaterals>(&burden.asset, &collateral);
    }
}
