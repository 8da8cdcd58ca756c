//! Digest of everything that can change a result: the sources of the rooms
//! that a run is made of, and the lock file. No path, no time, no git: equal
//! sources give equal digests wherever they are built.

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 5] = [
    "sim/src",
    "ledger/src",
    "consensus-models/src",
    "workloads/src",
    "experiment/src",
];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for room in ROOMS {
        println!("cargo::rerun-if-changed=../{room}");
        gather(&root.join(room), &mut files);
    }
    let lock = root.join("Cargo.lock");
    println!("cargo::rerun-if-changed=../Cargo.lock");
    if lock.exists() {
        files.push(lock);
    }
    let mut named: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|file| (name(&root, &file), file))
        .collect();
    named.sort();
    let mut hash = Fnv::new();
    for (name, file) in named {
        hash.add(name.as_bytes());
        hash.add(&fs::read(&file).unwrap_or_default());
    }
    println!("cargo::rustc-env=GROMA_BUILD={:032x}", hash.0);
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn name(root: &Path, file: &Path) -> String {
    file.strip_prefix(root)
        .unwrap_or(file)
        .to_string_lossy()
        .replace('\\', "/")
}

/// FNV-1a, 128 bits: enough to tell builds apart, and no dependency.
struct Fnv(u128);

impl Fnv {
    fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u128::from(*byte))
                .wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
