//! Named networks, machines and price lists: looked up beside the scenario
//! first, then among those built into the binary.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::diagnostic::Problem;
use super::section::{Reported, Sink, is_name};
use super::shape::Shelf;
use super::source::{Sources, Span};
use super::suggest::instead;
use super::tree::{Node, Value, shorten};
use super::{file, yaml};
use crate::library;

/// A chain of `like:` longer than this is a ring.
const MAX_LIKES: usize = 8;

/// The shelves, with what was read from them so far.
pub(crate) struct Catalogue {
    /// Folder of the scenario, when it has one.
    beside: Option<PathBuf>,
    pub(crate) sources: RefCell<Sources>,
    read: RefCell<BTreeMap<(Shelf, String), Result<Node, Problem>>>,
}

/// A shelf's entry with all of its keys.
pub(crate) struct Item {
    /// Its name, or `inline`.
    pub(crate) name: String,
    pub(crate) node: Node,
    /// The entry that it was derived from by `like`.
    pub(crate) like: Option<String>,
}

impl Catalogue {
    pub(crate) fn new(sources: Sources, beside: Option<&Path>) -> Self {
        Self {
            beside: beside.map(Path::to_owned),
            sources: RefCell::new(sources),
            read: RefCell::default(),
        }
    }

    /// The entry that a scenario names, or gives inline.
    pub(crate) fn item(&self, shelf: Shelf, node: &Node, sink: &Sink) -> Result<Item, Reported> {
        if let Some(name) = node.text() {
            return Ok(Item {
                name: name.to_owned(),
                node: self.named(shelf, name, node.span, 0, sink)?,
                like: None,
            });
        }
        Ok(Item {
            name: "inline".to_owned(),
            like: like(node).map(|(name, _)| name.to_owned()),
            node: self.resolved(shelf, node.clone(), 0, sink)?,
        })
    }

    /// The default entry of a shelf.
    pub(crate) fn by_default(
        &self,
        shelf: Shelf,
        name: &str,
        at: Span,
        sink: &Sink,
    ) -> Result<Item, Reported> {
        Ok(Item {
            name: name.to_owned(),
            node: self.named(shelf, name, at, 0, sink)?,
            like: None,
        })
    }

    /// A file of the shelf, with `like` resolved.
    fn named(
        &self,
        shelf: Shelf,
        name: &str,
        at: Span,
        depth: usize,
        sink: &Sink,
    ) -> Result<Node, Reported> {
        let key = (shelf, name.to_owned());
        let known = self.read.borrow().get(&key).cloned();
        let read = known.unwrap_or_else(|| {
            let read = self.open(shelf, name, at);
            self.read.borrow_mut().insert(key, read.clone());
            read
        });
        let node = read.map_err(|problem| sink.report(problem))?;
        self.resolved(shelf, node, depth, sink)
    }

    /// Puts the keys that `like` brings under those that stand here.
    fn resolved(
        &self,
        shelf: Shelf,
        mut node: Node,
        depth: usize,
        sink: &Sink,
    ) -> Result<Node, Reported> {
        let Some((name, span)) = like(&node).map(|(name, span)| (name.to_owned(), span)) else {
            return Ok(node);
        };
        if depth >= MAX_LIKES {
            return Err(sink.report(Problem::new(span, "`like` leads in a ring")));
        }
        let base = self.named(shelf, &name, span, depth + 1, sink)?;
        let (Value::Map(entries), Value::Map(below)) = (&mut node.value, base.value) else {
            return Ok(node);
        };
        let choice = shelf.table().one_of;
        let chosen = |key: &str| choice.contains(&key);
        let rechosen = entries.iter().any(|entry| chosen(&entry.key));
        entries.retain(|entry| entry.key != "like");
        for entry in below {
            let given = entries.iter().any(|own| own.key == entry.key);
            let replaced = rechosen && chosen(&entry.key);
            if !given && !replaced {
                entries.push(entry);
            }
        }
        Ok(node)
    }

    fn open(&self, shelf: Shelf, name: &str, at: Span) -> Result<Node, Problem> {
        let missing = || {
            let known = self.names(shelf);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("there is no {} `{}`", shelf.noun(), shorten(name));
            instead(Problem::new(at, message), name, &known)
        };
        if !is_name(name) {
            return Err(missing());
        }
        let (source, text) = match self.path(shelf, name) {
            Some(path) => {
                let shown = path.display().to_string();
                let text =
                    file::read(&path).map_err(|why| Problem::new(at, format!("{shown} {why}")))?;
                (shown, text)
            }
            None => {
                let text = library::text(shelf.folder(), name).ok_or_else(missing)?;
                (
                    format!("built-in {}/{name}.yaml", shelf.folder()),
                    text.to_owned(),
                )
            }
        };
        let id = self.sources.borrow_mut().add(source, text);
        yaml::parse(&self.sources.borrow(), id, 0)
    }

    /// The folder of the scenario, if it has one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.beside.as_deref()
    }

    /// Folders beside the scenario that hold a shelf's files: `networks/` in
    /// the scenario's own folder, or in the one above it.
    fn folders(&self, shelf: Shelf) -> Vec<PathBuf> {
        let Some(beside) = &self.beside else {
            return Vec::new();
        };
        vec![
            beside.join(shelf.folder()),
            beside.join("..").join(shelf.folder()),
        ]
    }

    fn path(&self, shelf: Shelf, name: &str) -> Option<PathBuf> {
        let files = self.folders(shelf).into_iter();
        files
            .map(|folder| folder.join(format!("{name}.yaml")))
            .find(|path| path.is_file())
    }

    /// All names that a scenario here may use, in order.
    fn names(&self, shelf: Shelf) -> Vec<String> {
        let mut names: Vec<String> = library::names(shelf.folder()).map(str::to_owned).collect();
        for folder in self.folders(shelf) {
            let Ok(files) = std::fs::read_dir(folder) else {
                continue;
            };
            names.extend(files.flatten().filter_map(|found| {
                let found = found.file_name();
                let name = found.to_str()?.strip_suffix(".yaml")?;
                is_name(name).then(|| name.to_owned())
            }));
        }
        names.sort();
        names.dedup();
        names
    }
}

/// The name behind `like`, with its place.
fn like(node: &Node) -> Option<(&str, Span)> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key == "like")?;
    Some((entry.value.text()?, entry.value.span))
}
