//! `orangery-bench`: measurements that are printed, never asserted.

mod api;
mod load;
mod percentiles;
mod push;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "orangery-bench")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Settings and records by REST, beside what Postgres itself costs.
    Api(api::Api),
    /// From a toggle by REST to the first call that meets it.
    Push(push::Push),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    match Cli::parse().bench {
        Bench::Api(api) => api.run().await,
        Bench::Push(push) => push.run().await,
    }
}
