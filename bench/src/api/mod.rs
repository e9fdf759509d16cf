//! What the REST API costs, beside what Postgres itself costs on the same machine.

mod floor;
mod pages;
mod settings;

use crate::load::Load;
use dev_postgres::{Error, Options, Temporary};
use e2e::control_plane::ControlPlane;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, clap::Args)]
pub(crate) struct Api {
    /// How many clients read and write settings at once.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// For how many seconds each kind of reading and writing is measured.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many records the zone has that is listed page by page.
    #[arg(long, default_value_t = 50_000)]
    records: usize,
    /// How many pages are fetched from each part of that zone.
    #[arg(long, default_value_t = 20)]
    pages: usize,
}

impl Api {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let (postgres, floor_url) = tokio::task::spawn_blocking(|| {
            let postgres = Temporary::start(&Options::new(PathBuf::new()), &|_| ())?;
            let floor_url = postgres.create_database("floor")?;
            Ok::<_, Error>((postgres, floor_url))
        })
        .await??;
        let plane = ControlPlane::start(&postgres.url()).await?;
        let load = Load { clients: self.clients, length: Duration::from_secs(self.seconds) };
        settings::measure(&plane.api, &floor_url, load).await?;
        pages::measure(&plane.api, &postgres.url(), self.records, self.pages).await
    }
}
