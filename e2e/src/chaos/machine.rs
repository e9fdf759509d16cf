//! The processes: Postgres, a control plane, nodes. Each can be killed, and is started again as it was.

use super::writable;
use crate::{
    eventually::eventually,
    rest::{Api, plain_get},
    scratch::Scratch,
    visitor::Door,
};
use anyhow::Context as _;
use dev_postgres::{Cluster, Options};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};
use tokio::process::{Child, Command};

const READY_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Machine {
    pub(super) api: Api,
    pub(super) ca_pem: String,
    pub(super) nodes: Vec<Process>,
    control_plane: Process,
    // Taken only while Postgres starts again.
    postgres: Option<Cluster>,
    scratch: Scratch,
}

/// A child process and how to start it.
pub(super) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    admin: SocketAddr,
    /// Where visitors come; of a node only.
    pub(super) https: SocketAddr,
    child: Option<Child>,
}

impl Machine {
    pub(super) async fn start(nodes: usize) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let postgres = start_postgres(scratch.join("postgres")).await?;
        let (listen, link, token) = (free_port()?, free_port()?, scratch.join("token"));
        let mut control_plane =
            Process::new("orangery-control-plane", &scratch, "control-plane", free_port()?)?;
        control_plane.arguments.extend([
            format!("--listen={listen}"),
            format!("--link-listen={link}"),
            format!("--database-url={}", postgres.url()),
            format!("--master-key-file={}", scratch.join("master-key").display()),
            format!("--bootstrap-token-file={}", token.display()),
            // One token makes all the writes.
            "--api-rate-limit=0".to_owned(),
        ]);
        control_plane.start()?;
        control_plane.ready().await?;
        let api = Api::new(listen, std::fs::read_to_string(&token)?.trim());
        let ca_pem = api.text("/orangery/ca/edge.pem").await?;
        let mut machine =
            Self { api, ca_pem, nodes: Vec::new(), control_plane, postgres: Some(postgres), scratch };
        for index in 0..nodes {
            machine.add_node(&format!("node-{index}")).await?;
        }
        Ok(machine)
    }

    async fn add_node(&mut self, name: &str) -> anyhow::Result<()> {
        let enrolment =
            self.api.post("/orangery/enrolment_tokens", json!({"name": name, "uses": 1})).await?.granted()?;
        let token = enrolment["value"].as_str().context("no enrolment token")?;
        let mut node = Process::new("orangery-node", &self.scratch, name, free_port()?)?;
        node.https = free_port()?;
        node.arguments.extend([
            format!("--https-listen={}", node.https),
            format!("--http-listen={}", free_port()?),
            format!("--state-dir={}", self.scratch.join(&format!("{name}-state")).display()),
            format!("--node-name={name}"),
            format!("--enrol-token={token}"),
            "--access-log=off".into(),
            "--allow-loopback-origins".into(),
        ]);
        node.start()?;
        node.ready().await?;
        self.nodes.push(node);
        Ok(())
    }

    pub(super) async fn kill_control_plane(&mut self) -> anyhow::Result<()> {
        self.stop_control_plane().await?;
        self.start_control_plane().await
    }

    pub(super) async fn stop_control_plane(&mut self) -> anyhow::Result<()> {
        self.control_plane.kill().await
    }

    pub(super) async fn start_control_plane(&mut self) -> anyhow::Result<()> {
        self.control_plane.start()?;
        writable(&self.api).await
    }

    pub(super) async fn kill_node(&mut self, index: usize) -> anyhow::Result<()> {
        let node = &mut self.nodes[index];
        node.kill().await?;
        node.start()?;
        node.ready().await
    }

    pub(super) async fn kill_postgres(&mut self) -> anyhow::Result<()> {
        let postgres = self.postgres.take().context("Postgres is away")?;
        kill(Pid::from_raw(i32::try_from(postgres.pid())?), Signal::SIGKILL)?;
        // What is left of it is cleared away by a thread that may block.
        tokio::task::spawn_blocking(move || drop(postgres)).await?;
        self.postgres = Some(start_postgres(self.scratch.join("postgres")).await?);
        writable(&self.api).await
    }

    pub(super) fn postgres(&self) -> anyhow::Result<&Cluster> {
        self.postgres.as_ref().context("Postgres is away")
    }

    pub(super) fn door(&self, node: &Process) -> Door {
        Door::Https { address: node.https, ca_pem: self.ca_pem.clone() }
    }

    /// Everything ends; nodes first, so that nobody misses anybody.
    pub(super) async fn stop(mut self) {
        for node in &mut self.nodes {
            let _ = node.kill().await;
        }
        let _ = self.control_plane.kill().await;
        if let Some(postgres) = self.postgres.take() {
            let _ = tokio::task::spawn_blocking(move || postgres.stop()).await;
        }
    }
}

impl Process {
    /// A program that lies beside this one.
    fn new(program: &str, scratch: &Scratch, name: &str, admin: SocketAddr) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(program);
        anyhow::ensure!(program.exists(), "{} is not built", program.display());
        let log = scratch.join(&format!("{name}.log"));
        let arguments = vec![format!("--admin-listen={admin}")];
        Ok(Self { program, arguments, log, admin, https: admin, child: None })
    }

    fn start(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// As `kill -9` does, and waits until it is gone.
    async fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        Ok(child.kill().await?)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let answers = || async {
            plain_get(self.admin, "/readyz").await.is_ok_and(|(status, _)| status == 200).then_some(())
        };
        let ready = eventually("a process is ready", READY_WITHIN, answers).await;
        ready.with_context(|| std::fs::read_to_string(&self.log).unwrap_or_default())
    }
}

/// With fsync on: an acknowledged write is on disk.
async fn start_postgres(data: PathBuf) -> anyhow::Result<Cluster> {
    Ok(tokio::task::spawn_blocking(move || Cluster::start(&Options::new(data), &|_| ())).await??)
}

/// A port that is free now, and stays the same when its process starts again.
fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
