//! Shared set-up of the criterion benches, which are flat files beside this one.
