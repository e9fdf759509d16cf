//! `orangery dev`: Postgres, control plane, one node and a sample gRPC origin in one process, on 127.0.0.1.

pub(crate) mod env;
mod postgres;
mod system;

use anyhow::Context as _;
use clap::Args;
use env::DevEnvFile;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tracing_subscriber::EnvFilter;

/// Ports are as the flags say; 0 means any.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where everything is kept: the database, keys, logs, and dev.env while the system runs.
    #[arg(long, env = "ORANGERY_DEV_DIR", default_value = ".orangery")]
    state_dir: PathBuf,
    /// The REST API.
    #[arg(long, env = "ORANGERY_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The link between control plane and node.
    #[arg(long, env = "ORANGERY_LINK_LISTEN", default_value = "127.0.0.1:9443")]
    link_listen: SocketAddr,
    /// The edge, with TLS.
    #[arg(long, env = "ORANGERY_HTTPS_LISTEN", default_value = "127.0.0.1:8443")]
    https_listen: SocketAddr,
    /// The edge, without TLS: HTTP/1.1 and h2c.
    #[arg(long, env = "ORANGERY_HTTP_LISTEN", default_value = "127.0.0.1:8000")]
    http_listen: SocketAddr,
    /// The sample origin, with TLS.
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_TLS_LISTEN", default_value = "127.0.0.1:50051")]
    sample_origin_listen: SocketAddr,
    /// The sample origin, without TLS (h2c).
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_LISTEN", default_value = "127.0.0.1:50052")]
    sample_origin_h2c_listen: SocketAddr,
    /// Health and metrics of the control plane.
    #[arg(long, env = "ORANGERY_ADMIN_LISTEN", default_value = "127.0.0.1:9901")]
    admin_listen: SocketAddr,
    /// Health and metrics of the node.
    #[arg(long, env = "ORANGERY_NODE_ADMIN_LISTEN", default_value = "127.0.0.1:9902")]
    node_admin_listen: SocketAddr,
    #[command(flatten)]
    postgres: postgres::Choice,
}

impl Dev {
    /// Runs until it is interrupted. The database goes last, and dev.env is there only while everything answers.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let state_dir = open_state_dir(&self.state_dir)?;
        start_log(&state_dir)?;
        let env_file = DevEnvFile::clear(&state_dir)?;
        let database = self.postgres.open(&state_dir, &progress)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ended = runtime.block_on(system::run(&self, &state_dir, &database, &env_file));
        drop(env_file);
        drop(runtime);
        drop(database);
        ended
    }
}

fn open_state_dir(path: &Path) -> anyhow::Result<PathBuf> {
    let failed = || format!("cannot use {} (--state-dir)", path.display());
    fs::create_dir_all(path).with_context(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).with_context(failed)?;
    fs::canonicalize(path).with_context(failed)
}

/// Everything goes to a file; only what needs attention is shown between the lines of progress.
fn start_log(state_dir: &Path) -> anyhow::Result<()> {
    let path = state_dir.join("orangery.log");
    let file = fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(file).init();
    Ok(())
}

/// One line for the person who waits.
#[expect(clippy::print_stderr, reason = "this is what somebody who starts the system watches")]
fn progress(line: &str) {
    eprintln!("  {line}");
}
