//! Stretches of runs as files for other tools: Perfetto's trace format, and
//! folded stacks for flame graphs.

pub mod folded;
pub mod perfetto;
pub mod proto;
