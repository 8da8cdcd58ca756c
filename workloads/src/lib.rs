//! The city: what people submit, how often, and what must stay true.
