//! The law of receivables, checked by a full scan of their tables.
//!
//! - The leaves of a receivable come to its amount, and every part has a whole that was divided.
//! - None is discounted twice: what is discounted is a leaf, and one bank holds it.
//! - Settlement pays each leaf's holder once: every account's position is what the settled leaves say,
//!   and all positions together are zero.
//! - No chain of holders and no tree is longer than allowed.

use std::collections::BTreeMap;

use groma_ledger::patterns::instrument::{Instrument, Piece, PieceId, Stage};
use groma_ledger::receivable::{Receivable, ReceivablePieces, ReceivablePositions};
use groma_ledger::{AccountId, State};

use crate::checks::Checks;
use crate::people::People;
use crate::workload::Breach;

const WHOLE: &str = "the leaves of a receivable come to its amount";
const DISCOUNT: &str = "what is discounted is held by one bank";
const PAID: &str = "settlement pays each leaf's holder once";
const LIMITS: &str = "tiers and depth stay within their limits";

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let mut pieces = Vec::new();
    state.for_each::<ReceivablePieces>(|id, piece| pieces.push((id, piece)));
    pieces.sort_unstable_by_key(|(id, _)| *id);
    check_trees(&pieces, &mut checks);
    let banks = people.banks();
    for (id, piece) in &pieces {
        let by_bank = piece.stage != Stage::Discounted || banks.holder(piece.holder).is_some();
        checks.hold(DISCOUNT, by_bank, || format!("{id:?}: {piece:?}"));
        let fits = (1..=Receivable::TIERS).contains(&piece.tier) && id.depth() <= Receivable::DEPTH;
        checks.hold(LIMITS, fits, || format!("{id:?}: {piece:?}"));
    }
    checks.positions::<ReceivablePositions>(PAID, state, &owed(&pieces));
    checks.result()
}

fn check_trees(pieces: &[(PieceId, Piece)], checks: &mut Checks) {
    let find = |id: &PieceId| {
        let place = pieces.binary_search_by_key(id, |(id, _)| *id).ok()?;
        Some(&pieces[place].1)
    };
    let mut leaves: BTreeMap<PieceId, u128> = BTreeMap::new();
    for (id, piece) in pieces {
        let sound = match id.parent() {
            None => id.branch == 1,
            Some(parent) => find(&parent).is_some_and(|whole| {
                let placed = |parts: u8| id.branch & 7 < u32::from(parts);
                matches!(whole.stage, Stage::Divided { parts } if placed(parts))
                    && (whole.debtor, whole.due_ns) == (piece.debtor, piece.due_ns)
            }),
        };
        checks.hold(WHOLE, sound, || {
            format!("{id:?} is a part of nothing divided")
        });
        if !matches!(piece.stage, Stage::Divided { .. }) {
            let whole = PieceId::whole(id.maker, id.number);
            *leaves.entry(whole).or_default() += u128::from(piece.amount);
        }
    }
    for (id, piece) in pieces.iter().filter(|(id, _)| id.branch == 1) {
        let sum = leaves.get(id).copied().unwrap_or(0);
        checks.hold(WHOLE, sum == u128::from(piece.amount), || {
            format!(
                "the leaves of {id:?} come to {sum} and not {}",
                piece.amount
            )
        });
    }
}

fn owed(pieces: &[(PieceId, Piece)]) -> BTreeMap<AccountId, i128> {
    let mut owed: BTreeMap<AccountId, i128> = BTreeMap::new();
    let settled = |(_, piece): &&(PieceId, Piece)| piece.stage == Stage::Settled;
    for (_, piece) in pieces.iter().filter(settled) {
        *owed.entry(piece.debtor).or_default() -= i128::from(piece.amount);
        *owed.entry(piece.holder).or_default() += i128::from(piece.amount);
    }
    owed
}
