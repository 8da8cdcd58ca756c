//! The few shapes that record kinds are made of, so that a kind is a declaration and not a copy.
//!
//! | pattern | what it holds to | file |
//! |---|---|---|
//! | registry entry | written once, found by its number, stepped by whom it names | [`desk`] |
//! | transferable instrument | one holder; parts come to the whole; paid once | [`instrument`] |
//! | endorsement | every holder signs and answers for payment; refusal, recourse | [`endorsement`] |
//! | clearing | who pays and who is paid: positions that come to nothing | [`clearing`] |
//! | consented record | no use without a live consent | [`consent`] |
//! | shares | owners of parts that come to the whole; what it earns is divided | [`shares`] |
//! | custody chain | from hand to hand without a gap, in whatever it is packed | [`custody`] |
//! | audit trail | whoever looks leaves a row and is counted | [`audit`] |
//! | escrow | held until a condition or a time, then one way | [`escrow`] |
//! | complete history | every step leaves an event, counted and chained | [`history`] |
//! | joint signature | in force when all that it needs have signed, each once | [`cosign`] |
//! | deposit of digests | a leaf under a root that was deposited | [`inclusion`] |
//! | tally | what was done comes to what is in the tables | [`tally`] |
//! | unwritten record | what was never written costs no memory | [`unwritten`] |
//!
//! Each generic piece names its tables through a trait of the kind, because a table's number is part
//! of the state root. The functions take a [`desk::Desk`]: the sender, the block and the state of one
//! transaction. They know no kind.

pub mod audit;
pub mod clearing;
pub mod consent;
pub mod cosign;
pub mod custody;
pub mod desk;
pub mod endorsement;
pub mod escrow;
pub mod history;
pub mod inclusion;
pub mod instrument;
pub mod shares;
pub mod tally;
pub mod unwritten;
