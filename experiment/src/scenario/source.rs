//! The texts that a scenario is made from, and places in them.
//!
//! Several texts take part in one scenario: the file itself, the networks and
//! machines that it names, and each `--set` argument. A [`Span`] names a place
//! in one of them. Lines and columns are worked out only when a place is shown.

use std::sync::Arc;

/// Index of a text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceId(u32);

/// Bytes `start..end` of one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) source: SourceId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the start of `self` to the end of `other`, when that lies behind.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            end: self.end.max(other.end),
            ..self
        }
    }
}

/// One text with the name by which a user knows it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// A path, `--set`, or `built-in networks/NAME.yaml`.
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
}

/// All texts of one scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text.
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).expect("a scenario has few texts"));
        self.0.push(Source {
            name: name.into(),
            text: text.into(),
        });
        id
    }

    /// The text of that index.
    pub(crate) fn get(&self, id: SourceId) -> &Source {
        &self.0[id.0 as usize]
    }
}

/// A place as people count it: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Source {
    /// The line and column of a byte.
    pub(crate) fn position(&self, byte: usize) -> Position {
        let before = floor(&self.text, byte);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The byte at a line and column; the end of the text when it has no such
    /// place.
    pub(crate) fn byte(&self, position: Position) -> usize {
        let mut start = 0;
        for line in self.text.split_inclusive('\n').take(position.line - 1) {
            start += line.len();
        }
        self.text[start..]
            .char_indices()
            .nth(position.column - 1)
            .map_or(self.text.len(), |(at, _)| start + at)
    }

    /// The line that holds a byte, without its end, and the byte where it starts.
    pub(crate) fn line(&self, byte: usize) -> (&str, usize) {
        let start = floor(&self.text, byte).rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].split('\n').next().unwrap_or("");
        (line.trim_end_matches('\r'), start)
    }
}

/// The text before a byte, cut at a character's boundary.
fn floor(text: &str, byte: usize) -> &str {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_and_bytes_are_inverse() {
        let mut sources = Sources::default();
        let id = sources.add("x", "a: 1\r\n深圳: 8\n");
        let source = sources.get(id);
        for (byte, _) in source.text.char_indices() {
            assert_eq!(source.byte(source.position(byte)), byte);
        }
        assert_eq!(source.position(14), Position { line: 2, column: 5 });
        assert_eq!(source.line(14).0, "深圳: 8");
        assert_eq!(source.line(0).0, "a: 1");
    }
}
