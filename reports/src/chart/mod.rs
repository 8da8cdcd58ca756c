//! Charts: data in, one SVG element out, the same bytes every time.
//!
//! Plotters draws; `svg` then turns its fixed colours into classes of the
//! page's style sheet, so that a chart follows the page into dark mode and onto
//! paper. Charts know figures and colours, not what a run is; `timeline` alone
//! reads runs.

pub mod agreement;
pub mod axis;
pub mod bars;
pub mod ecdf;
pub mod errors;
pub mod heat;
pub mod ink;
pub mod knee;
pub mod levels;
pub mod percentile;
pub mod plane;
pub mod spacetime;
pub mod svg;
pub mod time;
pub mod timeline;
