//! `orangery env`: the variables of `dev.env` for a system that runs in containers.

use crate::{dev::env::DevEnv, setup::ApiAccess};
use anyhow::Context as _;
use clap::Args;
use std::{fs, path::PathBuf};

/// The addresses are those that docker-compose.yml publishes on this machine.
#[derive(Debug, Args)]
pub(crate) struct Env {
    #[command(flatten)]
    access: ApiAccess,
    /// The folder, as the host names it, that is mounted at --state-dir.
    #[arg(long, env = "ORANGERY_HOST_STATE_DIR", default_value = ".orangery")]
    host_state_dir: PathBuf,
    /// Where the CA file is written.
    #[arg(long, default_value = "/run/orangery/host")]
    state_dir: PathBuf,
}

impl Env {
    #[expect(clippy::print_stdout, reason = "the variables are what the command is for")]
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let ca = self.access.api()?.download("/orangery/ca/edge.pem").await?;
        let file = self.state_dir.join("compose-ca.pem");
        fs::write(&file, ca).with_context(|| format!("cannot write {}", file.display()))?;
        let env = DevEnv::new(vec![
            ("CLOUDFLARE_BASE_URL", "http://127.0.0.1:8080/client/v4".into()),
            ("CLOUDFLARE_API_TOKEN", self.access.token()?),
            ("ORANGERY_EDGE_HTTPS", "127.0.0.1:8443".into()),
            ("ORANGERY_EDGE_HTTP", "127.0.0.1:8000".into()),
            ("ORANGERY_CA_FILE", self.host_state_dir.join("compose-ca.pem").display().to_string()),
            ("ORANGERY_SAMPLE_ORIGIN", "127.0.0.1:50051".into()),
            ("ORANGERY_SAMPLE_ORIGIN_H2C", "127.0.0.1:50052".into()),
            ("DATABASE_URL", "postgres://orangery@postgres/orangery".into()),
        ]);
        print!("{}", env.text());
        Ok(())
    }
}
