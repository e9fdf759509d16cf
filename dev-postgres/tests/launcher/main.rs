//! What people may rely on when they start a database with one command.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod binaries;
mod command;
mod databases;
mod lifetime;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use dev_postgres::{Cluster, Durability, Options};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;

/// A folder that the user PostgreSQL runs as can reach.
fn folder() -> TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

fn fast(data: impl Into<PathBuf>) -> Options {
    Options { durability: Durability::Fast, connections_max: 20, ..Options::new(data) }
}

fn start(data: impl Into<PathBuf>) -> Cluster {
    Cluster::start(&fast(data), &|_| ()).unwrap()
}

/// The program under test, in an environment without a database of its own.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orangery-dev-postgres"));
    command.env_remove("DATABASE_URL").arg("--fast").args(["--connections-max", "20"]);
    command
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn text(options: &PgConnectOptions, query: &'static str) -> String {
    let mut connection = PgConnection::connect_with(options).await.unwrap();
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

/// The process id a server wrote into its data directory.
fn postmaster(home: &Path) -> Option<i32> {
    let file = fs::read_to_string(home.join("pgdata/postmaster.pid")).ok()?;
    file.lines().next()?.parse().ok()
}

fn is_alive(pid: i32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok()
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
