//! As whom PostgreSQL runs. It refuses uid 0, so a root caller lends it another user.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::{User, geteuid};

use crate::Error;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    Caller { uid: u32 },
    Other { uid: u32, gid: u32 },
}

impl Owner {
    pub(crate) fn choose() -> Result<Self, Error> {
        let me = geteuid();
        if !me.is_root() {
            return match User::from_uid(me) {
                Ok(Some(_)) => Ok(Self::Caller { uid: me.as_raw() }),
                _ => Err(Error::NoPasswdEntry { uid: me.as_raw() }),
            };
        }
        let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = user.ok_or(Error::NoUnprivilegedUser)?;
        Ok(Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
    }

    pub(crate) fn uid(self) -> u32 {
        match self {
            Self::Caller { uid } | Self::Other { uid, .. } => uid,
        }
    }

    /// A command that runs as this user, with nothing of the caller's environment: PG* variables and locales would
    /// otherwise change what a cluster is.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir("/").stdin(Stdio::null());
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes `directory` (and what is missing above it) enterable by the owner, but not the owner's.
    pub(crate) fn make_reachable(self, directory: &Path) -> Result<(), Error> {
        let mode = match self {
            Self::Caller { .. } => 0o700,
            Self::Other { .. } => 0o755,
        };
        let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            fs::create_dir(path).map_err(Error::at(path))?;
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(Error::at(path))?;
        }
        Ok(())
    }

    /// Makes `directory` the owner's alone (0700). A directory that belongs to somebody else is refused, since in a
    /// shared place like /tmp anybody may have made it first.
    pub(crate) fn make_private(self, directory: &Path) -> Result<(), Error> {
        match fs::DirBuilder::new().mode(0o700).create(directory) {
            Ok(()) => {
                if let Self::Other { uid, gid } = self {
                    chown(directory, Some(uid), Some(gid)).map_err(Error::at(directory))?;
                }
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(directory).map_err(Error::at(directory))?;
                if !found.is_dir() || found.uid() != self.uid() {
                    return Err(Error::ForeignDirectory { directory: directory.into() });
                }
                fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
                    .map_err(Error::at(directory))
            }
            Err(error) => Err(Error::at(directory)(error)),
        }
    }

    /// Whether this user may enter `directory` through all that lies above it, judged by mode bits alone.
    pub(crate) fn reaches(self, directory: &Path) -> bool {
        let Self::Other { uid, gid } = self else { return true };
        directory.ancestors().all(|path| {
            let Ok(found) = fs::metadata(path) else { return false };
            let enter = match () {
                () if found.uid() == uid => 0o100,
                () if found.gid() == gid => 0o010,
                () => 0o001,
            };
            found.mode() & enter != 0
        })
    }
}
