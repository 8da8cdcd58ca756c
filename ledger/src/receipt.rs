//! What became of a transaction. A refusal is a value, never an error.

use std::fmt;

/// The result of one transaction in a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Outcome {
    /// The rule accepted it and its writes are in the state.
    Applied,
    /// A rule refused it. Its nonce is used up (except for
    /// [`Reason::Duplicate`], [`Reason::BadSignature`] and an unknown sender);
    /// nothing else changed.
    Rejected(Reason),
}

impl Outcome {
    /// Whether the transaction took effect.
    pub fn is_applied(self) -> bool {
        self == Outcome::Applied
    }
}

/// Why a transaction was refused. A closed set, so that reports can tell
/// business refusals from conflicts and from attacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum Reason {
    /// The sender has used this nonce already, or it left the window.
    Duplicate,
    /// The payer holds less than the amount.
    InsufficientFunds,
    /// It names an account or a record that does not exist.
    UnknownRecord,
    /// The record is not in a state that allows this step.
    WrongState,
    /// The sender's role does not allow this step.
    NotPermitted,
    /// The subject has granted no consent, or it ended or was used up.
    NoConsent,
    /// A quota or a limit would be exceeded.
    QuotaExceeded,
    /// It follows a transaction whose record is not (yet) in the state.
    Dependency,
    /// A field can never be valid: zero amount, bad check digit, too long.
    Malformed,
    /// The signature does not belong to the sender's key, or to one that is in force.
    BadSignature,
    /// The record, number or payment exists already.
    AlreadyExists,
    /// A proof of inclusion or a preimage does not lead to the digest that was deposited.
    BadProof,
    /// It says of a record what the record does not say: an earlier time, another amount.
    FalseClaim,
    /// The sender is not the one in whose hands it is, or to whom it was sent.
    BrokenCustody,
    /// The parts do not come to the whole.
    Unbalanced,
    /// It was sold, discounted, divided or paid before.
    AlreadySpent,
    /// Its day has not come.
    TooEarly,
}

impl Reason {
    /// Every reason, in the order of the enum.
    pub const ALL: [Reason; 17] = [
        Reason::Duplicate,
        Reason::InsufficientFunds,
        Reason::UnknownRecord,
        Reason::WrongState,
        Reason::NotPermitted,
        Reason::NoConsent,
        Reason::QuotaExceeded,
        Reason::Dependency,
        Reason::Malformed,
        Reason::BadSignature,
        Reason::AlreadyExists,
        Reason::BadProof,
        Reason::FalseClaim,
        Reason::BrokenCustody,
        Reason::Unbalanced,
        Reason::AlreadySpent,
        Reason::TooEarly,
    ];

    /// The name used in results and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Duplicate => "duplicate",
            Reason::InsufficientFunds => "insufficient_funds",
            Reason::UnknownRecord => "unknown_record",
            Reason::WrongState => "wrong_state",
            Reason::NotPermitted => "not_permitted",
            Reason::NoConsent => "no_consent",
            Reason::QuotaExceeded => "quota_exceeded",
            Reason::Dependency => "dependency",
            Reason::Malformed => "malformed",
            Reason::BadSignature => "bad_signature",
            Reason::AlreadyExists => "already_exists",
            Reason::BadProof => "bad_proof",
            Reason::FalseClaim => "false_claim",
            Reason::BrokenCustody => "broken_custody",
            Reason::Unbalanced => "unbalanced",
            Reason::AlreadySpent => "already_spent",
            Reason::TooEarly => "too_early",
        }
    }

    /// Position in [`Reason::ALL`], for arrays of counters.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_in_order_with_distinct_names() {
        for (position, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), position);
        }
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
