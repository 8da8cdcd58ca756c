//! What went wrong in a scenario, and how it is shown: where, the line with a
//! caret, what was expected, and a hint. Knows texts and places, not keys.

use std::fmt;

use super::source::{Source, Sources, Span};

/// Columns of a source line that are shown at most; longer lines are cut
/// around the caret.
const WIDTH: usize = 100;

/// A finding, tied to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) expected: Option<String>,
    pub(crate) hint: Option<String>,
    /// The plan in which it occurs, where others are free of it.
    pub(crate) note: Option<String>,
}

impl Problem {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            expected: None,
            hint: None,
            note: None,
        }
    }

    pub(crate) fn expected(mut self, what: impl Into<String>) -> Self {
        self.expected = Some(what.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a hint where there is one.
    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Draws the problem over its text.
    pub(crate) fn show(&self, sources: &Sources) -> Diagnostic {
        let source = sources.get(self.span.source);
        let position = source.position(self.span.start);
        Diagnostic {
            file: source.name.clone(),
            line: position.line,
            column: position.column,
            message: self.message.clone(),
            expected: self.expected.clone(),
            hint: self.hint.clone(),
            note: self.note.clone(),
            excerpt: Some(Excerpt::of(source, self.span)),
        }
    }
}

/// One error in a scenario, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, or `--set` for an argument.
    pub file: String,
    /// Line, from 1; 0 when the error has no place in the file.
    pub line: usize,
    /// Column in characters, from 1; 0 when the error has no place in the file.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected instead.
    pub expected: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The plan in which it occurs, where others are free of it.
    pub note: Option<String>,
    /// The line in question.
    pub excerpt: Option<Excerpt>,
}

impl Diagnostic {
    /// An error about a whole file.
    pub(crate) fn file(file: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            expected: None,
            hint: Some(hint.into()),
            note: None,
            excerpt: None,
        }
    }
}

/// A source line with the part to underline, in columns of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or the part of it around the caret.
    pub text: String,
    /// Columns before the underlined part.
    pub offset: usize,
    /// Columns underlined, at least one.
    pub length: usize,
}

impl Excerpt {
    fn of(source: &Source, span: Span) -> Self {
        let (line, start) = source.line(span.start);
        let from = span.start.saturating_sub(start).min(line.len());
        let to = span.end.saturating_sub(start).clamp(from, line.len());
        // Control characters would move the caret, or worse.
        let clean: Vec<(usize, char)> = line
            .char_indices()
            .map(|(at, symbol)| (at, if symbol.is_control() { ' ' } else { symbol }))
            .collect();
        let before: usize = width(clean.iter().filter(|(at, _)| *at < from));
        let marked = width(clean.iter().filter(|(at, _)| (from..to).contains(at)));
        let skip = if before + marked.min(WIDTH / 2) > WIDTH {
            before.saturating_sub(WIDTH / 3)
        } else {
            0
        };
        let mut text = String::new();
        let (mut column, mut shown, mut cut) = (0, 0, 0);
        for &(_, symbol) in &clean {
            let columns = columns_of(symbol);
            if column < skip {
                cut += columns;
            } else if shown + columns <= WIDTH {
                text.push(symbol);
                shown += columns;
            }
            column += columns;
        }
        let lead = if cut > 0 { "... " } else { "" };
        let tail = if cut + shown < column { " ..." } else { "" };
        let offset = before - cut;
        Self {
            text: format!("{lead}{text}{tail}"),
            offset: lead.len() + offset,
            length: marked.min(shown.saturating_sub(offset)).max(1),
        }
    }
}

fn width<'a>(symbols: impl Iterator<Item = &'a (usize, char)>) -> usize {
    symbols.map(|&(_, symbol)| columns_of(symbol)).sum()
}

/// Terminal columns of a character: two for East Asian wide forms (Unicode
/// Annex 11, the blocks that occur in Chinese, Japanese and Korean text).
fn columns_of(symbol: char) -> usize {
    match symbol as u32 {
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: error: {}", self.file, self.message)?;
        } else {
            let Self {
                file, line, column, ..
            } = self;
            write!(f, "{file}:{line}:{column}: error: {}", self.message)?;
        }
        let mut margin = String::from("  ");
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            margin = " ".repeat(number.len() + 1);
            write!(f, "\n{margin}|\n{number} | {}", excerpt.text.trim_end())?;
            let (space, carets) = (" ".repeat(excerpt.offset), "^".repeat(excerpt.length));
            write!(f, "\n{margin}| {space}{carets}")?;
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n{margin}= expected: {expected}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{margin}= hint: {hint}")?;
        }
        if let Some(note) = &self.note {
            write!(f, "\n{margin}= note: {note}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a scenario, in the order of its text; never
/// empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Shows problems over their texts, in order of place, each once.
    ///
    /// # Panics
    /// When there is no problem: an error must say something.
    pub(crate) fn of(mut problems: Vec<Problem>, sources: &Sources) -> Self {
        assert!(!problems.is_empty(), "a reader that failed reported why");
        problems.sort_by_key(|problem| (problem.span.source, problem.span.start));
        problems.dedup();
        Self(problems.iter().map(|one| one.show(sources)).collect())
    }

    /// The errors.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
