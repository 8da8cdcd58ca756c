//! Reading a text file that a user named, with clear refusals.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::diagnostic::Diagnostic;
use super::source::Sources;
use super::yaml::MAX_BYTES;

/// Why a file cannot be read.
#[derive(Clone, Debug)]
pub(crate) enum Unreadable {
    /// The system refuses, in its words.
    Refused(String),
    Folder,
    TooLarge,
    /// Not text: the text before the fault, and the byte that cannot stand.
    NotText {
        before: String,
        byte: u8,
    },
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "cannot be read: {why}"),
            Self::Folder => f.write_str("is a folder, not a file"),
            Self::TooLarge => write!(f, "is larger than {} MiB", MAX_BYTES >> 20),
            Self::NotText { byte, .. } => {
                write!(f, "is not UTF-8 text: byte 0x{byte:02x} cannot stand here")
            }
        }
    }
}

/// Reads a text file of at most [`MAX_BYTES`].
pub(crate) fn read(path: &Path) -> Result<String, Unreadable> {
    let refused = |why: std::io::Error| Unreadable::Refused(plain(&why));
    if path.is_dir() {
        return Err(Unreadable::Folder);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(refused)?;
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(refused)?;
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|fault| {
        let good = fault.utf8_error().valid_up_to();
        let bytes = fault.as_bytes();
        Unreadable::NotText {
            before: String::from_utf8_lossy(&bytes[..good]).into_owned(),
            byte: bytes[good],
        }
    })
}

/// The system's message without its error number.
fn plain(why: &std::io::Error) -> String {
    let text = why.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}

/// Shows why the scenario file itself cannot be read.
pub(crate) fn diagnostic(name: &str, why: &Unreadable) -> Diagnostic {
    let hint = match why {
        Unreadable::Folder => "name the scenario file in it",
        Unreadable::TooLarge => "a scenario is a short text; is this the file that you meant?",
        Unreadable::Refused(_) => "`groma new FILE` writes a starter scenario",
        Unreadable::NotText { .. } => "save the file as UTF-8; is it a scenario at all?",
    };
    let mut shown = Diagnostic::file(name, why.to_string(), hint);
    if let Unreadable::NotText { before, .. } = why {
        let mut sources = Sources::default();
        let id = sources.add(name, before.as_str());
        let position = sources.get(id).position(before.len());
        (shown.line, shown.column) = (position.line, position.column);
    }
    shown
}
