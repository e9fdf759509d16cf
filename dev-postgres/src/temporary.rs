use std::{
    fs::{self, File},
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{Cluster, Error, Options, home::Home, owner::Owner, postmaster::retire_orphan};

const PREFIX: &str = "orangery-temporary-";
const ATTEMPTS_MAX: u32 = 8;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A cluster in a temporary folder, which goes when it is dropped.
#[derive(Debug)]
pub struct Temporary(Cluster);

impl Temporary {
    /// Starts a cluster as `options` say, except for where it lies. Folders left by processes that were killed are
    /// removed on the way.
    pub fn start(options: &Options, progress: &dyn Fn(&str)) -> Result<Self, Error> {
        let owner = Owner::choose()?;
        let place = place(owner);
        remove_stale(&place, owner);
        let mut attempt = 0;
        loop {
            let name = format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let options = Options { data: place.join(name), ..options.clone() };
            match Cluster::start(&options, progress) {
                // Somebody takes the folder for a stale one, or another pid namespace shares the place.
                Err(Error::InUse { .. }) if attempt < ATTEMPTS_MAX => attempt += 1,
                Err(error) => {
                    fs::remove_dir_all(&options.data).ok();
                    return Err(error);
                }
                Ok(cluster) => return Ok(Self(cluster)),
            }
        }
    }
}

impl Deref for Temporary {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.0.stop_and_remove();
    }
}

fn place(owner: Owner) -> PathBuf {
    let mut places = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()].into_iter();
    places.find(|place| owner.reaches(place)).unwrap_or_else(std::env::temp_dir)
}

/// A folder whose lock is free belongs to a process that is gone.
fn remove_stale(place: &Path, owner: Owner) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_locked = || match File::open(entry.path().join("lock")) {
            Ok(lock) => lock.try_lock().is_err(),
            Err(_) => true,
        };
        if !is_ours || is_locked() {
            continue;
        }
        if let Ok(home) = Home::open(&entry.path(), owner, &|_| ())
            && retire_orphan(&home, &|_| ()).is_ok()
        {
            home.remove();
        }
    }
}
