//! The city: what people submit, how often, and what must stay true.

#![forbid(unsafe_code)]

pub mod arrivals;
pub mod population;
