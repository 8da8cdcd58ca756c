//! Dotted paths, and putting a value at one: what `--set` and `vary` do to a
//! tree.

use super::diagnostic::Problem;
use super::keys::SCENARIO;
use super::shape::{Need, Shape};
use super::source::Span;
use super::tree::{Entry, Node, Value, shorten};

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
                            value: missing(part, *span, depth),
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

/// What a path finds where the scenario says nothing: the default of a key that
/// names a network, a machine or a price list, so that `machine.cores` changes
/// the default machine.
fn missing(part: &str, span: Span, depth: usize) -> Node {
    let key = SCENARIO.keys.iter().find(|key| key.name == part);
    let value = match key.map(|key| (key.shape, key.need)) {
        Some((Shape::Shelf(_), Need::Default(name))) if depth == 0 => Value::Scalar {
            text: name.to_owned(),
            plain: true,
        },
        _ => Value::Null,
    };
    Node { span, value }
}

/// Makes a map of a name that a path goes into.
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
