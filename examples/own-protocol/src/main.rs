//! An outside crate that brings its own protocol.
fn main() {}
