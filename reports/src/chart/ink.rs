//! Colours by what they mean. A chart draws with the light values; the style
//! sheet gives each meaning its value for screen, dark mode and paper.

use plotters::style::RGBColor;

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Text that must be read.
    Text,
    /// Text beside it, and what was offered.
    Muted,
    /// Lines that guide the eye.
    Grid,
    /// The ground line of a panel.
    Axis,
    /// The page itself, for gaps between bars.
    Paper,
    /// A fault.
    Fault,
    /// A target.
    Target,
    /// One of several runs, counted from 0, repeating after [`SERIES`].
    Series(usize),
    /// A stage of a transaction's path, counted from 0.
    Stage(usize),
}

/// Colours for runs that can be told apart.
pub const SERIES: usize = 12;

/// Colours for stages.
pub const STAGE_INKS: usize = 6;

/// Name of the style sheet's variable and light value, each value once.
const PLAIN: [(&str, u32); 7] = [
    ("text", 0x1b2530),
    ("muted", 0x5f6b78),
    ("grid", 0xe4e8ed),
    ("axis", 0x9aa5b1),
    ("paper", 0xffffff),
    ("fault", 0xc2352b),
    ("target", 0x37424e),
];

const RUNS: [(&str, u32); SERIES] = [
    ("run0", 0x1f6fb2),
    ("run1", 0xbf5212),
    ("run2", 0x1f7d53),
    ("run3", 0xa2418f),
    ("run4", 0x8a6d00),
    ("run5", 0x0f7c8c),
    ("run6", 0x6a55c2),
    ("run7", 0x6a7078),
    ("run8", 0xb5325f),
    ("run9", 0x587a12),
    ("run10", 0x3f51b5),
    ("run11", 0x84655a),
];

const STAGES: [(&str, u32); STAGE_INKS] = [
    ("stage0", 0xa9cbe8),
    ("stage1", 0x6ba3d6),
    ("stage2", 0x3b76ad),
    ("stage3", 0xe08a3c),
    ("stage4", 0x5f9e58),
    ("stage5", 0xb0d3a4),
];

impl Ink {
    fn entry(self) -> (&'static str, u32) {
        match self {
            Self::Text => PLAIN[0],
            Self::Muted => PLAIN[1],
            Self::Grid => PLAIN[2],
            Self::Axis => PLAIN[3],
            Self::Paper => PLAIN[4],
            Self::Fault => PLAIN[5],
            Self::Target => PLAIN[6],
            Self::Series(index) => RUNS[index % SERIES],
            Self::Stage(index) => STAGES[index % STAGE_INKS],
        }
    }

    /// Name of the style sheet's variable, without its dashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The colour that plotters draws with.
    #[must_use]
    pub fn colour(self) -> RGBColor {
        let [_, red, green, blue] = self.entry().1.to_be_bytes();
        RGBColor(red, green, blue)
    }
}

/// All names, for the style sheet and its test.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| name)
}

/// The name of a colour as plotters wrote it: `#1B2530`.
#[must_use]
pub fn name_of(hex: &str) -> Option<&'static str> {
    let value = u32::from_str_radix(hex.strip_prefix('#')?, 16).ok()?;
    all()
        .find(|(_, light)| *light == value)
        .map(|(name, _)| name)
}

fn all() -> impl Iterator<Item = (&'static str, u32)> {
    PLAIN.into_iter().chain(RUNS).chain(STAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_has_one_meaning() {
        let mut values: Vec<u32> = all().map(|(_, value)| value).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), names().count());
        assert_eq!(name_of("#1B2530"), Some("text"));
        assert_eq!(name_of("#123456"), None);
    }
}
