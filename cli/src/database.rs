//! The database, for commands that work without a running control plane.

use anyhow::Context as _;
use clap::Args;
use control_plane::db;
use std::str::FromStr as _;

#[derive(Debug, Args)]
pub(crate) struct Database {
    /// The Postgres database, as postgres://user@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

impl Database {
    pub(crate) async fn connect(&self) -> anyhow::Result<sqlx::PgPool> {
        let options = sqlx::postgres::PgConnectOptions::from_str(&self.database_url)
            .context("--database-url must be a URL such as postgres://user@host/database")?;
        db::connect(options, 2).await.context("cannot connect to the database (--database-url)")
    }

    /// `orangery migrate`: brings the database to the form that this version needs.
    pub(crate) async fn migrate(self) -> anyhow::Result<()> {
        let pool = self.connect().await?;
        db::migrate(&pool).await.context("cannot migrate the database")
    }
}
