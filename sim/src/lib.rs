//! Deterministic discrete-event physics: time, bytes, machines, faults.
