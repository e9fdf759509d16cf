//! `orangery-node`: one process of the data plane.

use clap::Parser;
use data_plane::{config::Config, current::Current, follow, serve::serve};
use std::{io::Write, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let config = Config::parse();
    if config.print_config {
        std::io::stdout().write_all(config.print().as_bytes())?;
        return Ok(());
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(log_filter()).init();
    // Visitors have threads of their own. These few keep health and signals answered while a large configuration is applied.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(config))
}

fn log_filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("ORANGERY_LOG").unwrap_or_else(|_| "info".into())
}

async fn run(config: Config) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let current = Arc::new(Current::new());
    let following = follow::start(&config, Arc::clone(&current), shutdown.clone())?;
    let running = serve(config, current, shutdown.clone()).await?;
    tracing::info!(https = %running.https_addr, http = %running.http_addr, admin = %running.admin_addr, "node started");
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = shutdown.cancelled() => {}
    }
    tracing::info!("draining");
    shutdown.cancel();
    running.ended().await;
    following.task.await?;
    Ok(())
}
