//! Where a cluster lies. Only `pgdata` and the socket folder belong to the user PostgreSQL runs as.

use std::{
    fs::{self, File, TryLockError},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, owner::Owner};

/// The port only names the socket file; nothing listens on TCP.
pub(crate) const PORT: u16 = 5432;

/// The longest socket path that both Linux (107) and macOS (103) accept.
const SOCKET_PATH_BYTES_MAX: usize = 103;

const SYSTEM_HOME: &str = "/var/lib/orangery";

/// A folder held by this process alone for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) root: PathBuf,
    pub(crate) sockets: PathBuf,
    pub(crate) owner: Owner,
    _lock: File,
}

impl Home {
    pub(crate) fn open(data: &Path, owner: Owner, progress: &dyn Fn(&str)) -> Result<Self, Error> {
        let wanted = std::path::absolute(data).map_err(Error::at(data))?;
        owner.make_reachable(&wanted)?;
        let root = if owner.reaches(&wanted) {
            wanted
        } else {
            let root = Path::new(SYSTEM_HOME).join(short_hash(&wanted));
            progress(&format!(
                "database files lie in {}, because the user PostgreSQL runs as cannot reach {}",
                root.display(),
                wanted.display()
            ));
            owner.make_reachable(&root)?;
            root
        };
        let lock = lock(&root.join("lock"), data)?;
        let sockets = socket_directory(&root, owner);
        owner.make_private(&sockets)?;
        Ok(Self { root, sockets, owner, _lock: lock })
    }

    pub(crate) fn pgdata(&self) -> PathBuf {
        self.root.join("pgdata")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The major version of the data that is already there.
    pub(crate) fn major(&self) -> Option<u32> {
        fs::read_to_string(self.pgdata().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// A socket folder elsewhere is of use to a running server only. One inside the home stays.
    pub(crate) fn tidy(&self) {
        if !self.sockets.starts_with(&self.root) {
            fs::remove_dir(&self.sockets).ok();
        }
    }

    /// Removes everything. The lock is held to the end, so nobody can move in meanwhile.
    pub(crate) fn remove(&self) {
        for directory in [&self.sockets, &self.root] {
            fs::remove_dir_all(directory).ok();
        }
    }
}

/// A file that was removed between opening and locking guards nothing any more, hence the look at its link count.
pub(crate) fn lock(path: &Path, data: &Path) -> Result<File, Error> {
    let in_use = || Error::InUse { data: data.into() };
    let file =
        File::options().create(true).truncate(false).write(true).open(path).map_err(Error::at(path))?;
    match file.try_lock() {
        Ok(()) if file.metadata().map_err(Error::at(path))?.nlink() == 0 => Err(in_use()),
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(in_use()),
        Err(TryLockError::Error(source)) => Err(Error::at(path)(source)),
    }
}

fn socket_directory(root: &Path, owner: Owner) -> PathBuf {
    let fits =
        |directory: &Path| directory.as_os_str().len() + 1 + socket_name().len() <= SOCKET_PATH_BYTES_MAX;
    let near = root.join("run");
    if fits(&near) {
        return near;
    }
    let name = format!("orangery-{}", short_hash(root));
    let mut places = [std::env::temp_dir(), "/tmp".into()].into_iter();
    let place = places.find(|place| fits(&place.join(&name)) && owner.reaches(place));
    place.unwrap_or_else(|| "/tmp".into()).join(name)
}

fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

fn short_hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_gets_its_socket_in_a_shallow_one() {
        let owner = Owner::Caller { uid: 0 };
        let deep = PathBuf::from(format!("/srv/{}", "d".repeat(90)));
        assert_eq!(socket_directory(Path::new("/srv/x"), owner), Path::new("/srv/x/run"));
        let elsewhere = socket_directory(&deep, owner).join(socket_name());
        assert!(elsewhere.as_os_str().len() <= SOCKET_PATH_BYTES_MAX, "{}", elsewhere.display());
        assert!(!elsewhere.starts_with(&deep));
    }

    #[test]
    fn two_deep_folders_do_not_share_a_socket() {
        let owner = Owner::Caller { uid: 0 };
        let [one, two] = ["a", "b"].map(|name| PathBuf::from(format!("/srv/{}", name.repeat(90))));
        assert_ne!(socket_directory(&one, owner), socket_directory(&two, owner));
    }
}
