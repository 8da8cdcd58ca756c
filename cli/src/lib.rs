//! Groma: a deterministic ledger bench for city-scale load.
