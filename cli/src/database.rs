//! The database, for commands that work without a running control plane.

use anyhow::Context as _;
use clap::Args;
use control_plane::{config::DatabaseAccess, db};

#[derive(Debug, Args)]
pub(crate) struct Database {
    #[command(flatten)]
    access: DatabaseAccess,
}

impl Database {
    pub(crate) async fn connect(&self) -> anyhow::Result<sqlx::PgPool> {
        let options = self.access.options()?;
        db::connect(options, 2).await.context("cannot connect to the database (--database-url)")
    }

    /// `orangery migrate`: brings the database to the form that this version needs.
    pub(crate) async fn migrate(self) -> anyhow::Result<()> {
        let pool = self.connect().await?;
        db::migrate(&pool).await.context("cannot migrate the database")
    }
}
