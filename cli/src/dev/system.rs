//! Everything above the database, in the order in which each part needs the one before.

use super::{
    Dev,
    env::{DevEnv, DevEnvFile},
    postgres::Database,
    progress,
};
use crate::{
    demo::{self, Origin},
    rest::Api,
};
use anyhow::Context as _;
use clap::Parser as _;
use control_plane::clock::Clock;
use data_plane::{current::Current, follow::Condition};
use sample_origin::{KeyPair, SampleOrigin, Tls};
use serde_json::json;
use std::{ffi::OsString, fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a node may take from its start to its first configuration.
const NODE_READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Starts the planes and the sample origin, announces that they are ready, and runs them until interrupted.
pub(super) async fn run(
    dev: &Dev,
    state_dir: &Path,
    database: &Database,
    env_file: &DevEnvFile,
) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let started = start(dev, state_dir, database);
    let (system, env) = tokio::select! {
        started = started => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    announce(&system, env_file.write(&env)?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    progress("stopping");
    system.stop().await;
    Ok(())
}

struct System {
    control_plane: control_plane::serve::Running,
    node: data_plane::serve::Running,
    node_shutdown: CancellationToken,
    following: data_plane::follow::Following,
    origin: sample_origin::Running,
}

impl System {
    /// Visitors first, the truth last.
    async fn stop(self) {
        self.node_shutdown.cancel();
        self.node.ended().await;
        let _ = self.following.task.await;
        self.origin.stop().await;
        self.control_plane.stop().await;
    }
}

async fn start(dev: &Dev, state_dir: &Path, database: &Database) -> anyhow::Result<(System, DevEnv)> {
    let token_file = state_dir.join("token");
    let control_plane = start_control_plane(dev, state_dir, database, &token_file).await?;
    progress(&format!("control plane: http://{}/client/v4", control_plane.api_addr));
    let token = fs::read_to_string(&token_file).with_context(|| {
        format!("{} is missing; make a token with: orangery token create", token_file.display())
    })?;
    let token = token.trim();
    let base_url = format!("http://{}/client/v4", control_plane.api_addr);
    let api = Api::new(&base_url, token, None)?;

    let node_shutdown = CancellationToken::new();
    let (node, following) = start_node(dev, state_dir, &api, node_shutdown.clone()).await?;
    progress(&format!("node: https://{} and http://{}", node.https_addr, node.http_addr));

    wait_until_ready(&following).await?;
    let zone = demo::zone(&api).await?;
    let origin = start_origin(dev, &api, state_dir).await?;
    let tls_addr = origin.tls_addr.context("the sample origin has no TLS port")?;
    let h2c_addr = origin.h2c_addr.context("the sample origin has no h2c port")?;
    let target = Origin { target: tls_addr.ip().to_string(), port: tls_addr.port() };
    demo::record(&api, &zone, &target).await?;
    progress(&format!("sample origin: {tls_addr} (TLS) and {h2c_addr} (h2c)"));

    let ca_file = state_dir.join("ca.pem");
    fs::write(&ca_file, api.download("/orangery/ca/edge.pem").await?)?;
    let env = DevEnv::new(vec![
        ("CLOUDFLARE_BASE_URL", base_url),
        ("CLOUDFLARE_API_TOKEN", token.to_owned()),
        ("ORANGERY_EDGE_HTTPS", node.https_addr.to_string()),
        ("ORANGERY_EDGE_HTTP", node.http_addr.to_string()),
        ("ORANGERY_CA_FILE", ca_file.display().to_string()),
        ("ORANGERY_SAMPLE_ORIGIN", tls_addr.to_string()),
        ("ORANGERY_SAMPLE_ORIGIN_H2C", h2c_addr.to_string()),
        ("DATABASE_URL", database.url().to_owned()),
    ]);
    Ok((System { control_plane, node, node_shutdown, following, origin }, env))
}

async fn start_control_plane(
    dev: &Dev,
    state_dir: &Path,
    database: &Database,
    token_file: &Path,
) -> anyhow::Result<control_plane::serve::Running> {
    let config = control_plane::config::Config::try_parse_from(arguments([
        ("--listen", dev.listen.to_string().into()),
        ("--link-listen", dev.link_listen.to_string().into()),
        ("--admin-listen", dev.admin_listen.to_string().into()),
        ("--database-url", database.url().into()),
        ("--master-key-file", state_dir.join("master.key").into()),
        ("--bootstrap-token-file", token_file.into()),
    ]))?;
    control_plane::serve::serve(config, Clock::System).await.with_context(|| {
        let (state, database) = (state_dir.display(), database.place());
        format!("the control plane does not start (to start over, remove {state} and {database})")
    })
}

async fn start_node(
    dev: &Dev,
    state_dir: &Path,
    api: &Api,
    shutdown: CancellationToken,
) -> anyhow::Result<(data_plane::serve::Running, data_plane::follow::Following)> {
    let mut config = data_plane::config::Config::try_parse_from(arguments([
        ("--https-listen", dev.https_listen.to_string().into()),
        ("--http-listen", dev.http_listen.to_string().into()),
        ("--admin-listen", dev.node_admin_listen.to_string().into()),
        ("--state-dir", state_dir.join("node").into()),
        ("--node-name", "dev".into()),
        ("--access-log", state_dir.join("access.log").into()),
    ]))?;
    config.allow_loopback_origins = true;
    if !state_dir.join("node").exists() {
        let token =
            api.post("/orangery/enrolment_tokens", json!({ "name": "orangery dev", "uses": 1 })).await?;
        config.enrol_token =
            Some(token["value"].as_str().context("the enrolment token is missing")?.to_owned());
    }
    let current = Arc::new(Current::new());
    let following = data_plane::follow::start(&config, Arc::clone(&current), shutdown.clone())?;
    let node =
        data_plane::serve::serve(config, current, shutdown).await.context("the node does not start")?;
    Ok((node, following))
}

async fn start_origin(dev: &Dev, api: &Api, state_dir: &Path) -> anyhow::Result<sample_origin::Running> {
    let certificate = demo::certificate(api, state_dir).await?;
    let key_pair = KeyPair { chain_pem: certificate.chain, key_pem: certificate.key };
    let tls = Some(Tls { listen: dev.sample_origin_listen, key_pair });
    let config = sample_origin::Config { tls, h2c: Some(dev.sample_origin_h2c_listen) };
    SampleOrigin::start(config).await.context("the sample origin does not start")
}

async fn wait_until_ready(following: &data_plane::follow::Following) -> anyhow::Result<()> {
    let mut condition = following.condition.clone();
    let ready = condition.wait_for(|condition| *condition == Condition::Following);
    tokio::time::timeout(NODE_READY_TIMEOUT, ready)
        .await
        .context("the node got no configuration in time")??;
    Ok(())
}

fn arguments<const N: usize>(flags: [(&str, OsString); N]) -> Vec<OsString> {
    let flags = flags.into_iter().flat_map(|(flag, value)| [flag.into(), value]);
    std::iter::once("orangery".into()).chain(flags).collect()
}

#[expect(clippy::print_stderr, reason = "this is what somebody who starts the system waits for")]
fn announce(system: &System, env_file: &Path) {
    let edge: SocketAddr = system.node.https_addr;
    eprintln!(
        "\nready. In another terminal:\n\n  set -a; . {}; set +a\n  script/orangery hello        # a call to {} through {edge}\n\nCtrl-C ends it.",
        env_file.display(),
        demo::HOST,
    );
}
