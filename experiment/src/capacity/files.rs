//! Certificates on disk: `DIR/capacity/<key>.json`, written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Options;
use crate::certificate::{Certificate, SCHEMA};
use crate::plan::Plan;
use crate::store::{self, BUILD};

/// The folder of certificates below an output folder.
#[must_use]
pub fn folder(out: &Path) -> PathBuf {
    out.join("capacity")
}

/// Writes a certificate below `out`, in the place of an older one of its plan.
///
/// # Errors
/// Whatever the file system says; what stood there still does.
pub fn write(out: &Path, certificate: &Certificate) -> io::Result<PathBuf> {
    let folder = folder(out);
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.json", certificate.key));
    let temporary = store::temporary(&folder, &certificate.key, "new");
    let written =
        store::write_json(&temporary, certificate).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| path)
}

/// Reads a certificate.
///
/// # Errors
/// A sentence that names the file and says what is wrong with it.
pub fn read(path: &Path) -> Result<Certificate, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let certificate: Certificate =
        serde_json::from_str(&text).map_err(|error| format!("{name}: no certificate: {error}"))?;
    if certificate.schema != SCHEMA {
        return Err(format!(
            "{name}: its schema is {}, not {SCHEMA}",
            certificate.schema
        ));
    }
    Ok(certificate)
}

/// The certificate that this search would write, if it stands below `out`: of
/// the same plans, by this build, under the same options.
#[must_use]
pub fn finished(out: &Path, seeds: &[Plan], options: &Options) -> Option<Certificate> {
    let base = seeds.first()?;
    let path = folder(out).join(format!("{}.json", base.key()));
    let found = read(&path).ok()?;
    let same = found.plan == *base
        && found.build == BUILD
        && found.seeds.iter().eq(seeds.iter().map(|plan| &plan.seed))
        && (found.width, found.ceiling_tps) == (options.width, options.ceiling_tps);
    same.then_some(found)
}
