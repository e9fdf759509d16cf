//! A node in this process.

use crate::{eventually::eventually, scratch::Scratch, visitor::Door};
use clap::Parser as _;
use data_plane::{
    config::Config,
    current::Current,
    follow::Following,
    serve::{Running, serve},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const READY_WITHIN: Duration = Duration::from_secs(20);

pub struct Node {
    pub name: String,
    /// What it enforces.
    pub current: Arc<Current>,
    running: Running,
    following: Following,
    shutdown: CancellationToken,
    ca_pem: String,
    scratch: Scratch,
}

/// What a test may wish of a node.
#[derive(Debug, Clone)]
pub struct Wishes {
    pub name: String,
    pub enrolment_token: String,
    /// The CA by which visitors know the edge.
    pub ca_pem: String,
    /// Origins on 127.0.0.1, which all test origins are.
    pub allow_loopback_origins: bool,
    /// Threads that serve visitors, each with origin connections of its own; 0 means one for each core.
    pub workers: usize,
}

impl Node {
    pub async fn start(wishes: Wishes) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let mut flags = vec![
            "orangery-node".to_owned(),
            "--https-listen=127.0.0.1:0".into(),
            "--http-listen=127.0.0.1:0".into(),
            "--admin-listen=127.0.0.1:0".into(),
            "--origin-connect-timeout=1s".into(),
            "--drain-grace=2s".into(),
            "--access-log=off".into(),
            format!("--state-dir={}", scratch.path().display()),
            format!("--workers={}", wishes.workers),
            format!("--node-name={}", wishes.name),
            format!("--enrol-token={}", wishes.enrolment_token),
        ];
        if wishes.allow_loopback_origins {
            flags.push("--allow-loopback-origins".into());
        }
        let config = Config::try_parse_from(flags)?;
        let (current, shutdown) = (Arc::new(Current::new()), CancellationToken::new());
        let following = data_plane::follow::start(&config, Arc::clone(&current), shutdown.clone())?;
        let running = serve(config, Arc::clone(&current), shutdown.clone()).await?;
        Ok(Self { name: wishes.name, current, running, following, shutdown, ca_pem: wishes.ca_pem, scratch })
    }

    /// Returns when the node has a configuration and its visitor ports are open.
    pub async fn ready(&self) -> anyhow::Result<()> {
        eventually("the node is ready", READY_WITHIN, || async { self.is_ready().await.then_some(()) }).await
    }

    pub async fn is_ready(&self) -> bool {
        self.admin("/readyz").await.is_some_and(|(status, _)| status == 200)
    }

    /// Status and text of an admin path, if the node answers.
    pub async fn admin(&self, path: &str) -> Option<(u16, String)> {
        crate::rest::plain_get(self.running.admin_addr, path).await.ok()
    }

    pub fn https(&self) -> Door {
        Door::Https { address: self.running.https_addr, ca_pem: self.ca_pem.clone() }
    }

    pub fn http(&self) -> Door {
        Door::Http { address: self.running.http_addr }
    }

    pub fn doors(&self) -> [Door; 2] {
        [self.https(), self.http()]
    }

    pub fn https_address(&self) -> SocketAddr {
        self.running.https_addr
    }

    /// Drains and ends.
    pub async fn stop(self) -> Scratch {
        self.shutdown.cancel();
        self.running.ended().await;
        let _ = self.following.task.await;
        self.scratch
    }
}
