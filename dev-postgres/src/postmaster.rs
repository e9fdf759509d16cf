//! What a running server says of itself in `postmaster.pid`, and how one that lost its parent is put to rest.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Error, home::Home};

const ORPHAN_STOPS_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Postmaster {
    pub(crate) pid: i32,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) ready: bool,
}

impl Postmaster {
    pub(crate) fn read(pgdata: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(pgdata.join("postmaster.pid")).ok()?)
    }

    /// Lines: process, data directory, start time, port, socket directory, address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let pid = lines.first()?.parse().ok().filter(|pid| *pid > 1)?;
        let socket = match (lines.get(3), lines.get(4)) {
            (Some(port), Some(directory)) if !directory.is_empty() => {
                Some(Path::new(directory).join(format!(".s.PGSQL.{port}")))
            }
            _ => None,
        };
        Some(Self { pid, socket, ready: lines.get(7) == Some(&"ready") })
    }

    /// A process id may have been given away since, so only a server that answers counts as alive.
    fn is_alive(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| UnixStream::connect(socket).is_ok())
    }
}

/// Stops a server that still runs in this home. The home's lock is ours, so whoever started it is gone.
pub(crate) fn retire_orphan(home: &Home, progress: &dyn Fn(&str)) -> Result<(), Error> {
    let pgdata = home.pgdata();
    let Some(orphan) = Postmaster::read(&pgdata).filter(Postmaster::is_alive) else { return Ok(()) };
    progress(&format!("stopping a PostgreSQL server (process {}) that lost its parent", orphan.pid));
    let lingering = || Error::Lingering { data: home.root.clone(), pid: orphan.pid };
    let pid = Pid::from_raw(orphan.pid);
    kill(pid, Signal::SIGINT).map_err(|_| lingering())?;
    let deadline = Instant::now() + ORPHAN_STOPS_WITHIN;
    while Postmaster::read(&pgdata).is_some_and(|now| now.pid == orphan.pid) && kill(pid, None).is_ok() {
        if Instant::now() > deadline {
            return Err(lingering());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_ready_server_is_understood() {
        let text = "4711\n/d/pgdata\n1763600000\n5432\n/d/run\n\n  1234  5\nready   \n";
        let socket = Some(PathBuf::from("/d/run/.s.PGSQL.5432"));
        assert_eq!(Postmaster::parse(text), Some(Postmaster { pid: 4711, socket, ready: true }));
    }

    #[test]
    fn a_file_that_is_still_being_written_says_not_ready() {
        let text = "4711\n/d/pgdata\n1763600000\n5432\n";
        assert_eq!(Postmaster::parse(text), Some(Postmaster { pid: 4711, socket: None, ready: false }));
        assert_eq!(Postmaster::parse(""), None);
        assert_eq!(Postmaster::parse("-1\n"), None);
    }
}
