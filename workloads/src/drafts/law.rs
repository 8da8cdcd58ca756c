//! The law of bank drafts, checked by a full scan of their tables.
//!
//! - The names of a draft are numbered without a gap up to its holder, in order of time; past the
//!   holder there are names only of what was refused and redeemed.
//! - A bank holds what is discounted, and has what is pledged.
//! - A draft is paid once, by its acceptor, or from hand to hand back along its chain: every account's
//!   position is what that comes to, and all positions together are zero.
//! - No chain is longer than allowed.

use std::collections::BTreeMap;

use groma_ledger::bank_draft::{BankDraft, DraftChain, DraftPieces, DraftPositions};
use groma_ledger::patterns::endorsement::Endorsement;
use groma_ledger::patterns::instrument::{Instrument, Piece, PieceId, Stage};
use groma_ledger::{AccountId, State};

use crate::checks::Checks;
use crate::people::People;
use crate::workload::Breach;

const CHAIN: &str = "a draft's chain of names leads to its holder without a gap";
const BANK: &str = "what is discounted or pledged is with a bank";
const PAID: &str = "a draft is paid once, or redeemed back along its chain";
const LIMIT: &str = "chains stay within their limit";

/// Names by draft and tier.
type Names = Vec<((PieceId, u8), Endorsement)>;

/// Scans everything; the number of comparisons, or the first breach.
pub(super) fn check(people: People, state: &State) -> Result<u64, Breach> {
    let mut checks = Checks::default();
    let mut names: Names = Vec::new();
    state.for_each::<DraftChain>(|key, name| names.push((key, name)));
    names.sort_unstable_by_key(|(key, _)| *key);
    let banks = people.banks();
    let (mut named, mut owed) = (0, BTreeMap::new());
    state.for_each::<DraftPieces>(|id, piece| {
        let chain = chain_of(&names, id);
        named += chain.len();
        checks.hold(CHAIN, leads(id, &piece, chain), || {
            format!("{id:?}: {piece:?}: {chain:?}")
        });
        let bank = match piece.stage {
            Stage::Discounted => Some(piece.holder),
            Stage::Pledged { to } => Some(to),
            _ => None,
        };
        if let Some(bank) = bank {
            let holds = banks.holder(bank).is_some();
            checks.hold(BANK, holds, || format!("{id:?}: {piece:?}"));
        }
        let fits = id.branch == 1 && chain.len() <= usize::from(BankDraft::TIERS);
        checks.hold(LIMIT, fits, || format!("{id:?}: {} names", chain.len()));
        pay(id, &piece, chain, &mut owed);
    });
    if !names.is_empty() {
        checks.hold(CHAIN, named == names.len(), || {
            format!("{} names are of no draft", names.len() - named)
        });
    }
    checks.positions::<DraftPositions>(PAID, state, &owed);
    checks.result()
}

fn chain_of(names: &Names, id: PieceId) -> &[((PieceId, u8), Endorsement)] {
    let from = names.partition_point(|((piece, _), _)| *piece < id);
    let until = names.partition_point(|((piece, _), _)| *piece <= id);
    &names[from..until]
}

fn leads(id: PieceId, piece: &Piece, chain: &[((PieceId, u8), Endorsement)]) -> bool {
    let numbered = (1..).zip(chain).all(|(tier, ((_, at), _))| tier == *at);
    let timely = chain.is_sorted_by_key(|(_, name)| name.at_ns);
    // The holder is the last name, or the earliest that redeemed it, or at last the maker.
    let redeemed = |name: &&((PieceId, u8), Endorsement)| name.1.redeemed;
    let signed = match piece.stage {
        Stage::Redeemed => None,
        Stage::Refused => chain.iter().find(redeemed).or(chain.last()),
        _ => chain
            .last()
            .filter(|_| !chain.iter().any(|name| redeemed(&name))),
    };
    let holds = match signed {
        Some(((_, tier), name)) => (*tier, name.holder) == (piece.tier, piece.holder),
        None => piece.stage == Stage::Redeemed && (0, id.maker) == (piece.tier, piece.holder),
    };
    let last_kept_it = chain.last().is_some_and(|(_, name)| !name.redeemed);
    numbered && timely && holds && last_kept_it
}

/// Who has paid whom for this draft.
fn pay(
    id: PieceId,
    piece: &Piece,
    chain: &[((PieceId, u8), Endorsement)],
    owed: &mut BTreeMap<AccountId, i128>,
) {
    let mut paid = |from: AccountId, to: AccountId| {
        *owed.entry(from).or_default() -= i128::from(piece.amount);
        *owed.entry(to).or_default() += i128::from(piece.amount);
    };
    let Some((_, last)) = chain.last() else {
        return;
    };
    if piece.stage == Stage::Settled {
        paid(piece.debtor, piece.holder);
    }
    let mut holder = last.holder;
    for (_, name) in chain.iter().rev().filter(|(_, name)| name.redeemed) {
        paid(name.holder, holder);
        holder = name.holder;
    }
    if piece.stage == Stage::Redeemed {
        paid(id.maker, holder);
    }
}
