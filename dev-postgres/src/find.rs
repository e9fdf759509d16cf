//! Which PostgreSQL binaries this machine has. Debian never puts them on PATH, so the usual places are looked at too.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Error;

pub(crate) const MAJOR_MIN: u32 = 15;
const CHOICE: &str = "ORANGERY_PG_BIN";

/// Folder above, how the versions' folders begin, and where the binaries lie in each of them.
const USUAL_PLACES: [(&str, &str, &str); 5] = [
    ("usr/lib/postgresql", "", "bin"),
    ("opt/homebrew/opt", "postgresql", "bin"),
    ("usr/local/opt", "postgresql", "bin"),
    ("Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("usr", "pgsql-", "bin"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) directory: PathBuf,
    pub(crate) major: u32,
}

impl Binaries {
    pub(crate) fn in_directory(directory: PathBuf) -> Option<Self> {
        if !["initdb", "postgres"].iter().all(|name| directory.join(name).is_file()) {
            return None;
        }
        let answer = Command::new(directory.join("postgres")).arg("-V").output().ok()?;
        let answer = String::from_utf8_lossy(&answer.stdout);
        // For example "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", or "18beta1" before a release.
        let major = answer.split_whitespace().find_map(|word| {
            let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
            word[..digits].parse().ok()
        })?;
        Some(Self { directory, major })
    }

    /// Data of one major version is readable by that version only.
    pub(crate) fn suits(&self, data: Option<u32>) -> bool {
        data.map_or(self.major >= MAJOR_MIN, |major| self.major == major)
    }
}

/// Where to look. A value, so that tests can look elsewhere.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) chosen: Option<PathBuf>,
    pub(crate) path: OsString,
    pub(crate) root: PathBuf,
}

impl Search {
    pub(crate) fn this_machine() -> Self {
        Self {
            chosen: std::env::var_os(CHOICE).filter(|value| !value.is_empty()).map(PathBuf::from),
            path: std::env::var_os("PATH").unwrap_or_default(),
            root: "/".into(),
        }
    }

    /// The binaries to use for data of the given major version, or the newest if there is no data yet.
    pub(crate) fn find(&self, data: Option<u32>) -> Result<Option<Binaries>, Error> {
        if let Some(directory) = &self.chosen {
            let found = Binaries::in_directory(directory.clone()).filter(|found| found.suits(data));
            return found.map(Some).ok_or_else(|| Error::ChosenBinaries {
                variable: CHOICE,
                directory: directory.clone(),
                wanted: data.map_or(format!("{MAJOR_MIN} or newer"), |major| major.to_string()),
            });
        }
        let candidates = self.on_path().into_iter().chain(self.in_usual_places());
        let suitable = candidates.filter_map(Binaries::in_directory).filter(|found| found.suits(data));
        Ok(suitable.reduce(|best, next| if next.major > best.major { next } else { best }))
    }

    /// An entry of PATH may be a link or a wrapper beside links; the real folder holds postgres too.
    fn on_path(&self) -> Vec<PathBuf> {
        let initdb =
            std::env::split_paths(&self.path).filter_map(|dir| fs::canonicalize(dir.join("initdb")).ok());
        initdb.filter_map(|file| file.parent().map(Path::to_path_buf)).collect()
    }

    fn in_usual_places(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for (above, prefix, below) in USUAL_PLACES {
            for entry in fs::read_dir(self.root.join(above)).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(prefix) {
                    found.push(entry.path().join(below));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn pretend(root: &Path, directory: &str, version: &str) -> PathBuf {
        let directory = root.join(directory);
        fs::create_dir_all(&directory).unwrap();
        for name in ["initdb", "postgres"] {
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n");
            fs::write(directory.join(name), script).unwrap();
            fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        directory
    }

    fn search(root: &Path) -> Search {
        Search { chosen: None, path: OsString::new(), root: root.into() }
    }

    #[test]
    fn the_newest_of_the_usual_places_wins() {
        let root = tempfile::tempdir().unwrap();
        pretend(root.path(), "usr/lib/postgresql/15/bin", "15.18 (Debian 15.18-0+deb12u1)");
        let newest = pretend(root.path(), "usr/pgsql-17/bin", "17.2");
        let found = search(root.path()).find(None).unwrap();
        assert_eq!(found, Some(Binaries { directory: newest, major: 17 }));
    }

    #[test]
    fn existing_data_takes_its_own_major_and_no_other() {
        let root = tempfile::tempdir().unwrap();
        let fifteen = pretend(root.path(), "usr/lib/postgresql/15/bin", "15.18");
        pretend(root.path(), "opt/homebrew/opt/postgresql@17/bin", "17.2");
        let search = search(root.path());
        assert_eq!(search.find(Some(15)).unwrap().unwrap().directory, fifteen);
        assert_eq!(search.find(Some(18)).unwrap(), None);
    }

    #[test]
    fn a_version_too_old_is_not_found() {
        let root = tempfile::tempdir().unwrap();
        pretend(root.path(), "usr/lib/postgresql/13/bin", "13.9");
        assert_eq!(search(root.path()).find(None).unwrap(), None);
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_real_folder() {
        let root = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(pretend(root.path(), "somewhere/bin", "16.1")).unwrap();
        let links = root.path().join("links");
        fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(real.join("initdb"), links.join("initdb")).unwrap();
        let search = Search { path: links.into_os_string(), ..search(root.path()) };
        assert_eq!(search.find(None).unwrap().unwrap().directory, real);
    }

    #[test]
    fn a_chosen_folder_without_binaries_is_an_error_and_not_passed_over() {
        let root = tempfile::tempdir().unwrap();
        pretend(root.path(), "usr/lib/postgresql/15/bin", "15.18");
        let search = Search { chosen: Some(root.path().join("nowhere")), ..search(root.path()) };
        let error = search.find(None).unwrap_err();
        assert_eq!(error.exit_code(), 78);
        assert!(error.to_string().contains("ORANGERY_PG_BIN"), "{error}");
    }
}
