//! The database of development: the one that was named, or a private cluster under the state folder.

use anyhow::Context as _;
use clap::Args;
use dev_postgres::{Cluster, Download, Options};
use std::path::{Path, PathBuf};

/// Marks the URL in dev.env, so that a shell which sourced it can start the system again.
const OWN_MARK: &str = "application_name=orangery-dev";

#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// A database to use instead of a private one, as postgres://user@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Fetch a pinned PostgreSQL through npm if the machine has none.
    #[arg(long, env = "ORANGERY_PG_DOWNLOAD", value_parser = clap::builder::BoolishValueParser::new())]
    download_postgres: bool,
    /// The same from a file, without a network.
    #[arg(long)]
    postgres_archive: Option<PathBuf>,
}

/// Where the database is; a private cluster stops when this goes away.
pub(crate) enum Database {
    Named(String),
    Private { url: String, cluster: Cluster },
}

impl Database {
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Named(url) | Self::Private { url, .. } => url,
        }
    }

    /// What must be removed to start over.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Named(_) => "the database that DATABASE_URL names".to_owned(),
            Self::Private { cluster, .. } => cluster.directory().display().to_string(),
        }
    }
}

impl Choice {
    pub(crate) fn open(&self, state_dir: &Path, progress: &dyn Fn(&str)) -> anyhow::Result<Database> {
        if let Some(url) = self.database_url.as_ref().filter(|url| !url.contains(OWN_MARK)) {
            progress("database: the one that DATABASE_URL names");
            return Ok(Database::Named(url.clone()));
        }
        let download = if self.download_postgres { Download::Allowed } else { Download::Never };
        let options = Options {
            download,
            archive: self.postgres_archive.clone(),
            ..Options::new(state_dir.join("postgres"))
        };
        let cluster = Cluster::start(&options, progress).context("the database does not start")?;
        progress(&format!("database: PostgreSQL {} in {}", cluster.major(), cluster.directory().display()));
        let url = cluster.url();
        let separator = if url.contains('?') { '&' } else { '?' };
        Ok(Database::Private { url: format!("{url}{separator}{OWN_MARK}"), cluster })
    }
}
