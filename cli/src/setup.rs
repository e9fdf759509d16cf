//! `orangery demo`: the demonstration zone for a system that runs elsewhere, such as compose.

use crate::{
    demo::{self, Origin},
    rest::Api,
};
use anyhow::Context as _;
use clap::Args;
use std::{fs, path::PathBuf};

/// How to reach the REST API.
#[derive(Debug, Args)]
pub(crate) struct ApiAccess {
    /// For example http://127.0.0.1:8080/client/v4
    #[arg(long, env = "CLOUDFLARE_BASE_URL")]
    pub(crate) base_url: String,
    /// An API token.
    #[arg(long, env = "CLOUDFLARE_API_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that holds an API token.
    #[arg(long, env = "ORANGERY_TOKEN_FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The authority (PEM) behind an https:// base URL, if it is not a public one.
    #[arg(long, env = "ORANGERY_API_CA_FILE")]
    api_ca_file: Option<PathBuf>,
}

impl ApiAccess {
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        match (&self.token, &self.token_file) {
            (Some(token), _) => Ok(token.clone()),
            (None, Some(file)) => {
                let text =
                    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                Ok(text.trim().to_owned())
            }
            (None, None) => anyhow::bail!("no API token: set CLOUDFLARE_API_TOKEN or ORANGERY_TOKEN_FILE"),
        }
    }

    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        Api::new(&self.base_url, &self.token()?, self.api_ca_file.as_deref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    access: ApiAccess,
    /// Where the sample origin is, as host:port.
    #[arg(long)]
    origin: String,
    /// A folder for origin.pem and origin.key; a certificate that is there is kept.
    #[arg(long)]
    certificate_dir: PathBuf,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (target, port) = self.origin.rsplit_once(':').context("--origin is host:port")?;
        let origin =
            Origin { target: target.to_owned(), port: port.parse().context("--origin has no port number")? };
        let api = self.access.api()?;
        let zone = demo::zone(&api).await?;
        demo::record(&api, &zone, &origin).await?;
        demo::certificate(&api, &self.certificate_dir).await?;
        Ok(())
    }
}
