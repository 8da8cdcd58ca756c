//! Results in, documents out; never runs anything.
