//! Making an empty cluster.

use std::{fs, path::Path};

use crate::{Durability, Error, find::Binaries, home::Home};

pub(crate) const SUPERUSER: &str = "orangery";

/// Locale and encoding are stated because initdb would otherwise take SQL_ASCII where LANG is unset.
const SHAPE: [&str; 8] = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"];

/// Runs initdb in a folder beside `pgdata` and renames it, so that a cut leaves no half-made cluster behind.
pub(crate) fn initialise(home: &Home, binaries: &Binaries, durability: Durability) -> Result<(), Error> {
    let making = home.root.join("pgdata.making");
    if making.exists() {
        fs::remove_dir_all(&making).map_err(Error::at(&making))?;
    }
    home.owner.make_private(&making)?;
    run_initdb(home, binaries, durability, &making)?;
    fs::rename(&making, home.pgdata()).map_err(Error::at(&making))
}

fn run_initdb(home: &Home, binaries: &Binaries, durability: Durability, at: &Path) -> Result<(), Error> {
    let program = binaries.directory.join("initdb");
    let mut initdb = home.owner.command(&program);
    initdb.args(SHAPE).arg("-D").arg(at);
    match durability {
        Durability::Full => initdb.arg("--data-checksums"),
        Durability::Fast => initdb.arg("--no-sync"),
    };
    let output = initdb.output().map_err(Error::at(&program))?;
    if output.status.success() {
        return Ok(());
    }
    fs::remove_dir_all(at).ok();
    Err(Error::Initdb { reason: String::from_utf8_lossy(&output.stderr).trim().into() })
}
