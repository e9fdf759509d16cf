//! The postgres process itself. Everything that happens to it happens on one thread.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    Durability, Error,
    find::Binaries,
    home::{Home, PORT},
};

const POLL: Duration = Duration::from_millis(10);

/// A fast stop writes a checkpoint; an immediate one only has to end its processes.
const FAST_STOP_WITHIN: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) pid: u32,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<Option<ExitStatus>>>,
}

impl Server {
    /// Starts postgres on a thread that stays until it has ended: the parent-death signal of Linux is sent when the
    /// starting *thread* dies, so neither a worker of a runtime nor a passing thread may be the one.
    pub(crate) fn spawn(mut postgres: Command) -> io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let (started, start) = sync_channel(1);
        let body = move || match postgres.spawn() {
            Ok(child) => {
                started.send(Ok(child.id())).ok();
                attend(child, &stopped)
            }
            Err(error) => {
                started.send(Err(error)).ok();
                None
            }
        };
        let thread = thread::Builder::new().name("postgres".into()).spawn(body)?;
        let pid = start.recv().map_err(io::Error::other)??;
        Ok(Self { pid, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Returns once the process has ended, at the latest after 35 s.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for the child to end by itself or for the other side to drop its end of the channel.
fn attend(mut child: Child, stopped: &Receiver<()>) -> Option<ExitStatus> {
    loop {
        match stopped.recv_timeout(POLL) {
            Err(RecvTimeoutError::Timeout) => match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Some(status),
                Err(_) => return None,
            },
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return end(child),
        }
    }
}

fn end(mut child: Child) -> Option<ExitStatus> {
    let steps = [(Signal::SIGINT, FAST_STOP_WITHIN), (Signal::SIGQUIT, IMMEDIATE_STOP_WITHIN)];
    let pid = Pid::from_raw(child.id().try_into().ok()?);
    for (signal, within) in steps {
        kill(pid, signal).ok();
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            match child.try_wait() {
                Ok(None) => thread::sleep(POLL),
                Ok(Some(status)) => return Some(status),
                Err(_) => return None,
            }
        }
    }
    child.kill().ok();
    child.wait().ok()
}

/// The command line of a private server: its socket only, its log in the home, its own process group (so that Ctrl-C
/// reaches those who use the database first).
pub(crate) fn command(
    home: &Home,
    binaries: &Binaries,
    durability: Durability,
    connections_max: u32,
) -> Result<Command, Error> {
    let log = File::create(home.log()).map_err(Error::at(home.log()))?;
    let mut postgres = home.owner.command(&binaries.directory.join("postgres"));
    postgres.arg("-D").arg(home.pgdata());
    let mut set = |name: &str, value: &str| {
        postgres.arg("-c").arg(format!("{name}={value}"));
    };
    set("listen_addresses", "");
    set("port", &PORT.to_string());
    set("unix_socket_directories", &quoted(&home.sockets.to_string_lossy()));
    set("unix_socket_permissions", "0700");
    set("max_connections", &connections_max.to_string());
    set("timezone", "UTC");
    let settings: &[(&str, &str)] = match durability {
        Durability::Full => &[("fsync", "on"), ("synchronous_commit", "on")],
        Durability::Fast => &[
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("wal_level", "minimal"),
            ("max_wal_senders", "0"),
            ("autovacuum", "off"),
        ],
    };
    settings.iter().for_each(|(name, value)| set(name, value));
    postgres.process_group(0).stdout(log.try_clone().map_err(Error::at(home.log()))?).stderr(log);
    die_with_parent(&mut postgres);
    Ok(postgres)
}

/// The setting is a list, in which a path with a comma or a space has to stand in quotes.
fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('"', "\"\""))
}

/// Has the kernel send a fast stop when the starting thread dies, be it by SIGKILL.
#[cfg(target_os = "linux")]
fn die_with_parent(postgres: &mut Command) {
    let parent = nix::unistd::getpid().as_raw();
    #[expect(
        unsafe_code,
        reason = "the child must ask for the parent-death signal itself, between fork and exec"
    )]
    // SAFETY: prctl and getppid are async-signal-safe, and the closure neither allocates nor takes a lock.
    unsafe {
        postgres.pre_exec(move || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) {
            0 if libc::getppid() == parent => Ok(()),
            0 => Err(io::Error::from_raw_os_error(libc::ESRCH)),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// Other systems have no such signal; there the next start in the same home stops the orphan.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_postgres: &mut Command) {}
