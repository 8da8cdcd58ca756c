//! The state machine: transactions, records, receipts and authenticated state.
