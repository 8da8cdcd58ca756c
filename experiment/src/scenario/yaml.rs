//! YAML in, tree out: the only module that knows the YAML library.
//!
//! Everything that the library can refuse by itself is refused here with its
//! place: syntax, duplicate keys, alias bombs, deep nesting, several documents.
//! What the values mean is not known here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{Location, Options, Spanned};

use super::diagnostic::Problem;
use super::source::{Position, SourceId, Sources, Span};
use super::tree::{Entry, Node, Value, shorten};

/// Longest text that is read: a latency matrix of 500 regions has 2 MiB.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// Nested lists and maps: a scenario needs 6.
const MAX_DEPTH: usize = 64;
/// Values in one file. Raised above the library's 250,000 so that two matrices
/// of 500 regions fit.
const MAX_NODES: usize = 600_000;
/// Values that aliases may repeat. A scenario repeats a handful; an alias bomb
/// needs millions.
const MAX_REPEATED: usize = 20_000;

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPEATED,
        },
        strict_booleans: true,
        // `.inf` stays a word, so that the reader of the key refuses it.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    }
}

/// Reads the text `source` from byte `from` on.
pub(crate) fn parse(sources: &Sources, source: SourceId, from: usize) -> Result<Node, Problem> {
    let text = &sources.get(source).text[from..];
    let place = Place {
        sources,
        source,
        from,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options()) {
        Ok(raw) => place.node(raw),
        Err(error) => Err(place.problem(&error)),
    }
}

/// A value before its text is known: the library turns plain numbers into
/// binary ones, so their digits are taken from the text by place.
enum Raw {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a map")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

/// Where the text being read stands.
struct Place<'a> {
    sources: &'a Sources,
    source: SourceId,
    from: usize,
}

impl Place<'_> {
    fn text(&self) -> &str {
        &self.sources.get(self.source).text
    }

    fn span(&self, location: Location) -> Span {
        let source = self.sources.get(self.source);
        let span = location.span();
        let (start, length) = match (span.byte_offset(), span.byte_len()) {
            (Some(offset), Some(length)) if offset > 0 || length > 0 => {
                (offset as usize + self.from, length as usize)
            }
            // Errors and empty documents may know only line and column.
            _ => {
                let first = source.position(self.from);
                let line = location.line().max(1) as usize;
                let column = location.column().max(1) as usize;
                let position = Position {
                    line: first.line + line - 1,
                    column: if line == 1 {
                        first.column + column - 1
                    } else {
                        column
                    },
                };
                (source.byte(position), 0)
            }
        };
        let start = start.min(source.text.len());
        Span {
            source: self.source,
            start,
            end: (start + length).min(source.text.len()),
        }
    }

    fn node(&self, raw: Spanned<Raw>) -> Result<Node, Problem> {
        let mut span = self.span(raw.defined);
        let written = self.text().get(span.start..span.end).unwrap_or("");
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Plain => Value::Scalar {
                text: written.trim_matches(['"', '\'']).to_owned(),
                plain: true,
            },
            Raw::Text(text) => Value::Scalar {
                plain: !written.starts_with(['"', '\'']),
                text,
            },
            Raw::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    let node = self.node(item)?;
                    span = self.grown(span, node.span);
                    list.push(node);
                }
                Value::List(list)
            }
            Raw::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.node(key)?;
                    let Some(text) = key.text() else {
                        return Err(Problem::new(
                            key.span,
                            "a key is a word, not a list or a map",
                        ));
                    };
                    let value = self.node(value)?;
                    span = self.grown(span, value.span);
                    map.push(Entry {
                        key: text.to_owned(),
                        key_span: key.span,
                        value,
                    });
                }
                Value::Map(map)
            }
        };
        Ok(Node {
            span: self.closed(span, &value),
            value,
        })
    }

    /// A container's span reaches to its last part, unless that part is an
    /// alias to something that stands elsewhere.
    fn grown(&self, span: Span, part: Span) -> Span {
        if part.start >= span.start {
            span.to(part)
        } else {
            span
        }
    }

    /// Takes the closing bracket of a flow list or map into its span.
    fn closed(&self, span: Span, value: &Value) -> Span {
        let bracket = match value {
            Value::List(_) => ']',
            Value::Map(_) => '}',
            _ => return span,
        };
        let text = self.text();
        let flow = text
            .get(span.start..)
            .is_some_and(|rest| rest.starts_with(['[', '{']));
        let rest = text.get(span.end..).unwrap_or("");
        let skipped = rest.len() - rest.trim_start_matches([' ', ',']).len();
        if flow && rest[skipped..].starts_with(bracket) {
            return Span {
                end: span.end + skipped + 1,
                ..span
            };
        }
        span
    }

    /// The library's refusals in our words; its own words for plain syntax.
    fn problem(&self, error: &serde_saphyr::Error) -> Problem {
        use serde_saphyr::Error as E;
        let span = self.span(error.location().unwrap_or(Location::UNKNOWN));
        match unwrapped(error) {
            E::DuplicateMappingKey { key, .. } => {
                let key = key.as_deref().unwrap_or("the same key");
                let end = span.start + key.len();
                let span = Span {
                    end: if self.text().get(span.start..end) == Some(key) {
                        end
                    } else {
                        span.end
                    },
                    ..span
                };
                Problem::new(span, format!("`{}` is given twice", shorten(key)))
                    .hint("keep one of the two; the other stands earlier in the same map")
            }
            E::AliasReplayLimitExceeded { .. }
            | E::AliasExpansionLimitExceeded { .. }
            | E::AliasReplayCounterOverflow { .. }
            | E::AliasReplayStackDepthExceeded { .. } => {
                Problem::new(span, "aliases repeat too much")
                    .expected(format!("at most {MAX_REPEATED} values repeated by aliases"))
            }
            E::RecursiveReferencesRequireWeakTypes { .. } => {
                Problem::new(span, "an alias repeats the very value that it stands in")
            }
            E::UnknownAnchor { .. } => Problem::new(span, "no anchor of this name stands before")
                .hint("a text that begins with `*` must be quoted"),
            E::MultipleDocuments { .. } => Problem::new(span, "a second document begins here")
                .hint("one scenario a file: put this one into a file of its own"),
            E::Budget { .. } => self.budget(span, error),
            other => {
                let text = other.to_string();
                let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
                if text.contains("recursion limit") {
                    return self.budget(span, error);
                }
                let hint = syntax_hint(&text);
                Problem::new(span, format!("not valid YAML: {}", shorten_long(&text)))
                    .maybe_hint(hint.map(str::to_owned))
            }
        }
    }

    fn budget(&self, span: Span, error: &serde_saphyr::Error) -> Problem {
        let text = error.to_string();
        if text.contains("Depth") || text.contains("recursion") {
            Problem::new(span, "nested too deeply")
                .expected(format!("at most {MAX_DEPTH} lists and maps in one another"))
        } else {
            Problem::new(span, "the file holds too much")
                .expected(format!("at most {MAX_NODES} values"))
        }
    }
}

fn unwrapped(error: &serde_saphyr::Error) -> &serde_saphyr::Error {
    match error {
        serde_saphyr::Error::AliasError { error, .. }
        | serde_saphyr::Error::WithSnippet { error, .. } => unwrapped(error),
        other => other,
    }
}

fn shorten_long(text: &str) -> String {
    text.chars().take(200).collect()
}

fn syntax_hint(text: &str) -> Option<&'static str> {
    let hints = [
        ("tabs", "indent with spaces"),
        (
            "mapping values",
            "check the indentation; a text that holds `: ` must be quoted",
        ),
        (
            "illegal placement",
            "a bracket before this place may not be closed",
        ),
        (
            "flow",
            "close every `[` and `{`, and put commas between entries",
        ),
        ("quoted", "close the quotation mark"),
        (
            "unexpected character",
            "a text that begins with a special character must be quoted",
        ),
    ];
    hints
        .iter()
        .find(|(word, _)| text.contains(word))
        .map(|&(_, hint)| hint)
}
