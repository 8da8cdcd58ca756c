//! A scenario as a tree of values that know their place in the text.
//!
//! `--set` and `vary` change the tree, and only then is it read. So values that
//! were not touched keep their true positions, and a touched one points to the
//! argument or the `vary` entry that gave it.

use super::diagnostic::Problem;
use super::source::Span;

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What a YAML file can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar, as written: numbers keep every digit.
    Scalar {
        /// The text, without quotes.
        text: String,
        /// Not quoted, so it may be a number or a truth value.
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What stands here, for messages.
    pub(crate) fn found(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar { text, plain: true } => format!("`{}`", shorten(text)),
            Value::Scalar { text, .. } => format!("the quoted text \"{}\"", shorten(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }

    /// Equal but for places.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.key == b.key && a.value.same(&b.value))
            }
            (a, b) => a == b,
        }
    }

    /// The value on one line, as flow YAML: the label of a variation.
    pub(crate) fn flow(&self) -> String {
        match &self.value {
            Value::Null => "null".to_owned(),
            Value::Scalar { text, .. } => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|entry| format!("{}: {}", entry.key, entry.value.flow()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

/// A text, cut for a message, without control characters.
pub(crate) fn shorten(text: &str) -> String {
    let clean: String = text
        .chars()
        .take(60)
        .map(|symbol| if symbol.is_control() { ' ' } else { symbol })
        .collect();
    if text.chars().count() > 60 {
        format!("{clean}...")
    } else {
        clean
    }
}

/// A dotted path: `load.1.tps`, each part with its place.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) parts: Vec<(String, Span)>,
    pub(crate) span: Span,
}

impl Path {
    /// Splits a path that stands at `span`.
    pub(crate) fn parse(text: &str, span: Span) -> Result<Self, Problem> {
        // A quoted key's span holds its quotes.
        let quote = usize::from(span.end - span.start == text.len() + 2);
        let mut parts = Vec::new();
        let mut start = span.start + quote;
        for part in text.split('.') {
            if part.is_empty() {
                return Err(
                    Problem::new(span, format!("`{}` is no path", shorten(text)))
                        .expected("keys and list positions joined by dots, such as load.1.tps"),
                );
            }
            let end = start + part.len();
            parts.push((part.to_owned(), Span { start, end, ..span }));
            start = end + 1;
        }
        Ok(Self { parts, span })
    }

    /// Whether `self` names `other` or something that holds it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.parts.len() <= other.parts.len()
            && self
                .parts
                .iter()
                .zip(&other.parts)
                .all(|(mine, theirs)| mine.0 == theirs.0)
    }
}

/// Puts `value` at `path`, making the maps on the way. A name where a map is
/// needed is opened: `network.jitter` on `network: lan` starts from `like: lan`,
/// `protocol.pbft.x` on `protocol: pbft` from the defaults of `pbft`.
pub(crate) fn set(root: &mut Node, path: &Path, value: Node) -> Result<(), Problem> {
    let mut node = root;
    for (depth, (part, span)) in path.parts.iter().enumerate() {
        open_name(node, path, depth);
        if matches!(node.value, Value::Null) {
            node.value = Value::Map(Vec::new());
        }
        let found = node.found();
        node = match &mut node.value {
            Value::Map(entries) => {
                let index = match entries.iter().position(|entry| entry.key == *part) {
                    Some(index) => index,
                    None => {
                        entries.push(Entry {
                            key: part.clone(),
                            key_span: *span,
                            value: Node {
                                span: *span,
                                value: Value::Null,
                            },
                        });
                        entries.len() - 1
                    }
                };
                &mut entries[index].value
            }
            Value::List(items) => {
                let count = items.len();
                match part.parse::<usize>().ok().filter(|&index| index < count) {
                    Some(index) => &mut items[index],
                    None => return Err(no_position(path, depth, count)),
                }
            }
            _ => {
                let above = path.parts[..depth].iter().map(|(part, _)| part.as_str());
                let above = above.collect::<Vec<_>>().join(".");
                return Err(
                    Problem::new(*span, format!("`{above}` has no part `{part}`"))
                        .hint(format!("`{above}` is {found} here")),
                );
            }
        };
    }
    *node = value;
    Ok(())
}

fn open_name(node: &mut Node, path: &Path, depth: usize) {
    let Some(name) = node.text() else { return };
    let key = match (depth, path.parts[0].0.as_str()) {
        (1, "network" | "machine" | "costs") => "like",
        (1, "protocol") if path.parts[1].0 == name => name,
        _ => return,
    };
    let inner = if key == "like" {
        node.value.clone()
    } else {
        Value::Map(Vec::new())
    };
    let entry = Entry {
        key: key.to_owned(),
        key_span: node.span,
        value: Node {
            span: node.span,
            value: inner,
        },
    };
    node.value = Value::Map(vec![entry]);
}

fn no_position(path: &Path, depth: usize, count: usize) -> Problem {
    let (part, span) = &path.parts[depth];
    let above = path.parts[..depth].iter().map(|(part, _)| part.as_str());
    let above = above.collect::<Vec<_>>().join(".");
    let problem = Problem::new(*span, format!("`{above}` has no entry `{part}`"));
    match count {
        0 => problem.hint("the list is empty"),
        _ => problem.expected(format!("a position from 0 to {}", count - 1)),
    }
}
