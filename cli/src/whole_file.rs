//! Files that are there whole or not at all.

use anyhow::Context as _;
use std::{ffi::OsString, fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Writes beside the file first, then renames. `mode` holds the permissions, such as 0o600.
pub(crate) fn write(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let mut draft = OsString::from(path);
    draft.push(".draft");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft);
    file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
