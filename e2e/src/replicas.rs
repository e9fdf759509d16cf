//! Several control planes on one database. Each has threads of its own, so that it can be killed like a process, and an address
//! for nodes that stays while it comes and goes.

use crate::{rest::Api, scratch::Scratch};
use anyhow::Context as _;
use clap::Parser as _;
use control_plane::{
    clock::Clock,
    config::Config,
    serve::{Running, serve},
};
use serde_json::json;
use std::{net::SocketAddr, path::Path};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};

pub struct Replicas {
    pub database_url: String,
    pub enrolment_token: String,
    pub all: Vec<Replica>,
    /// Holds the master key, which every start reads.
    _scratch: Scratch,
}

/// One control plane, which may be down.
pub struct Replica {
    pub api: Api,
    gate: Gate,
    flags: Vec<String>,
    token: String,
    process: Option<(Process, Running)>,
}

impl Replicas {
    /// Starts `count` control planes together, the first of them on an empty database.
    pub async fn start(count: usize) -> anyhow::Result<Self> {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let (database_url, scratch) = (dev_postgres::test_database(), Scratch::new()?);
        let mut gates = Vec::new();
        for _ in 0..count {
            gates.push(Gate::open().await?);
        }
        let addresses: Vec<_> = gates.iter().map(|gate| gate.address.to_string()).collect();
        let (key, token) = (scratch.join("master-key"), scratch.join("token"));
        let flags = [
            format!("--link-addresses={}", addresses.join(",")),
            format!("--bootstrap-token-file={}", token.display()),
            "--api-rate-limit=0".to_owned(),
        ];
        let flags: Vec<String> = flags.into_iter().chain(flags_of(&database_url, &key)).collect();
        let mut started = tokio::task::JoinSet::new();
        for gate in gates {
            started.spawn(Replica::new(gate, flags.clone()));
        }
        let mut all = started.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let token = std::fs::read_to_string(&token).context("no first token")?.trim().to_owned();
        for replica in &mut all {
            replica.token.clone_from(&token);
            replica.api = replica.api.as_caller(&token);
        }
        let enrolment = json!({"name": "e2e", "uses": 64});
        let enrolment = all[0].api.post("/orangery/enrolment_tokens", enrolment).await?.granted()?;
        let enrolment_token = enrolment["value"].as_str().context("no enrolment token")?.to_owned();
        Ok(Self { database_url, enrolment_token, all, _scratch: scratch })
    }
}

/// What every control plane is told that shares a database and a master key.
pub fn flags_of(database_url: &str, master_key: &Path) -> Vec<String> {
    vec![
        "--listen=127.0.0.1:0".to_owned(),
        "--link-listen=127.0.0.1:0".to_owned(),
        "--admin-listen=127.0.0.1:0".to_owned(),
        format!("--database-url={database_url}"),
        format!("--master-key-file={}", master_key.display()),
    ]
}

impl Replica {
    async fn new(gate: Gate, flags: Vec<String>) -> anyhow::Result<Self> {
        let token = String::new();
        let mut replica = Self { api: Api::new(gate.address, &token), gate, flags, token, process: None };
        replica.start().await?;
        Ok(replica)
    }

    /// Starts it, as it was before.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let (process, running) = Process::start(&self.flags).await?;
        self.api = Api::new(running.api_addr, &self.token);
        self.gate.behind.send_replace(Some(running.link_addr));
        self.process = Some((process, running));
        Ok(())
    }

    /// Ends it where it stands: nothing is answered, noted or said goodbye to any more.
    pub fn kill(&mut self) {
        self.gate.behind.send_replace(None);
        self.process = None;
    }

    /// Tells it to end, and waits until it has.
    pub async fn stop(&mut self) {
        if let Some((_process, running)) = self.process.take() {
            running.stop().await;
        }
        self.gate.behind.send_replace(None);
    }

    /// Cuts the nodes off, while callers still reach it.
    pub fn cut_link(&self) {
        self.gate.behind.send_replace(None);
    }

    pub fn mend_link(&self) {
        self.gate.behind.send_replace(self.process.as_ref().map(|(_, running)| running.link_addr));
    }
}

/// The threads of a control plane; when they are dropped, all of its tasks and sockets go with them.
pub struct Process(Option<Runtime>);

impl Process {
    pub async fn start(flags: &[String]) -> anyhow::Result<(Self, Running)> {
        let flags = std::iter::once("orangery-control-plane").chain(flags.iter().map(String::as_str));
        let config = Config::try_parse_from(flags)?;
        let started = tokio::task::spawn_blocking(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            let running = runtime.block_on(serve(config, Clock::System))?;
            anyhow::Ok((Self(Some(runtime)), running))
        });
        started.await?
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// An address that leads to whatever is behind it, if anything is.
struct Gate {
    address: SocketAddr,
    behind: watch::Sender<Option<SocketAddr>>,
}

impl Gate {
    async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (behind, target) = watch::channel(None);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lead(stream, target.clone()));
            }
        });
        Ok(Self { address, behind })
    }
}

/// Carries a connection until one side ends it or something else is behind the gate.
async fn lead(mut stream: TcpStream, mut behind: watch::Receiver<Option<SocketAddr>>) {
    let Some(target) = *behind.borrow_and_update() else { return };
    let Ok(mut upstream) = TcpStream::connect(target).await else { return };
    for side in [&stream, &upstream] {
        side.set_nodelay(true).ok();
    }
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut upstream) => {}
        _ = behind.changed() => {}
    }
}
