//! A node in this process, with a zone builder.

use crate::authority::Authority;
use data_plane::{
    config::Config,
    current::{Change, Current, Rejected},
    serve::{Running, serve},
    telemetry::AccessLogTarget,
};
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
    id::{AccountId, CertificateId, FleetKeyId, ZoneId},
    object::TrustStore,
    origin::{OriginProtocol, OriginSettings},
    record::{Name, Target},
    revision::{Chain, Position, Revision},
    settings::{Edge, Settings},
    ssl::SslMode,
    zone::{Names, Zone},
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

pub const ZONE: &str = "demo.test";
pub const HOST: &str = "grpc.demo.test";

pub struct Node {
    pub https: SocketAddr,
    pub http: SocketAddr,
    pub admin: SocketAddr,
    pub current: Arc<Current>,
    pub authority: Arc<Authority>,
    pub log: PathBuf,
    pub shutdown: CancellationToken,
    running: Option<Running>,
    revision: AtomicU64,
}

impl Node {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(configure: impl FnOnce(&mut Config)) -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).unwrap();
        let log = std::env::temp_dir().join(format!("orangery-access-{}.log", hex::encode(seed)));
        let mut config = Config {
            https_listen: any,
            http_listen: any,
            admin_listen: any,
            allow_loopback_origins: true,
            node_name: Some("test-node".into()),
            colo: "TST".into(),
            workers: 1,
            origin_connect_timeout: Duration::from_millis(700),
            drain_grace: Duration::from_secs(5),
            access_log: AccessLogTarget::File(log.clone()),
            ..Config::default()
        };
        configure(&mut config);
        let (current, shutdown) = (Arc::new(Current::new()), CancellationToken::new());
        let running = serve(config, Arc::clone(&current), shutdown.clone()).await.unwrap();
        Self {
            https: running.https_addr,
            http: running.http_addr,
            admin: running.admin_addr,
            current,
            authority: Arc::new(Authority::new()),
            log,
            shutdown,
            running: Some(running),
            revision: AtomicU64::new(0),
        }
    }

    /// A node that serves one zone; it is ready when this returns.
    pub async fn serving(zone: Plan) -> Self {
        let node = Self::start().await;
        node.put(zone).await;
        node
    }

    /// Puts a zone in force and waits until the ports are open.
    pub async fn put(&self, plan: Plan) {
        let store = plan.trust.clone().map(Change::TrustStore);
        let zone = Change::Zone(Box::new(plan.build(&self.authority)));
        assert_eq!(self.apply(store.into_iter().chain([zone]).collect()), []);
        while tokio::net::TcpStream::connect(self.https).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn apply(&self, changes: Vec<Change>) -> Vec<Rejected> {
        let revision = Revision(self.revision.fetch_add(1, Ordering::Relaxed) + 1);
        let open = |key: &SealedKey, _| Some(Zeroizing::new(key.ciphertext.clone()));
        self.current.apply(changes, Position { revision, chain: Chain::default() }, &open)
    }

    /// Ends the node and returns the lines of its access log.
    pub async fn end(mut self) -> Vec<serde_json::Value> {
        self.shutdown.cancel();
        if let Some(running) = self.running.take() {
            running.ended().await;
        }
        let lines = std::fs::read_to_string(&self.log).unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// A zone to be: `demo.test` with the record `grpc.demo.test` → 127.0.0.1, everything switched on.
#[derive(Clone)]
pub struct Plan {
    pub name: &'static str,
    pub id: u8,
    pub account: u8,
    pub paused: bool,
    pub settings: Settings,
    pub names: Vec<(String, Name)>,
    pub trust: Option<TrustStore>,
    pub certificate: bool,
}

impl Plan {
    /// The record's origin is `127.0.0.1:port` by TLS, under mode `full`, with gRPC on.
    pub fn to(port: u16) -> Self {
        let settings = Settings { edge: Edge::new(SslMode::Full, true).unwrap(), ..Settings::default() };
        let zone = Self {
            name: ZONE,
            id: 1,
            account: 1,
            paused: false,
            settings,
            names: Vec::new(),
            trust: None,
            certificate: true,
        };
        zone.record(HOST, OriginSettings { port: Some(port), ..OriginSettings::default() })
    }

    pub fn h2c(port: u16) -> Self {
        Self::to(port).protocol(OriginProtocol::Grpc)
    }

    pub fn named(self, name: &'static str, id: u8) -> Self {
        Self { name, id, names: Vec::new(), ..self }
    }

    pub fn record(mut self, host: &str, origin: OriginSettings) -> Self {
        let target = Target::Addresses(vec![IpAddr::from([127, 0, 0, 1])]);
        self.names.retain(|(name, _)| name != host);
        self.names.push((host.to_owned(), Name::Proxied { target, origin }));
        self
    }

    pub fn protocol(self, protocol: OriginProtocol) -> Self {
        self.origin(|origin| origin.protocol = protocol)
    }

    pub fn origin(mut self, change: impl Fn(&mut OriginSettings)) -> Self {
        for (_, name) in &mut self.names {
            if let Name::Proxied { origin, .. } = name {
                change(origin);
            }
        }
        self
    }

    pub fn target(mut self, host: &str, new: Target) -> Self {
        for (name, value) in &mut self.names {
            if let (true, Name::Proxied { target, .. }) = (name == host, value) {
                *target = new.clone();
            }
        }
        self
    }

    pub fn dns_only(mut self, host: &str) -> Self {
        self.names.retain(|(name, _)| name != host);
        let target = Target::Addresses(vec![IpAddr::from([127, 0, 0, 1])]);
        self.names.push((host.to_owned(), Name::DnsOnly(target)));
        self
    }

    pub fn ssl(mut self, ssl: SslMode) -> Self {
        self.settings.edge = Edge::new(ssl, ssl.carries_grpc() && self.settings.edge.grpc()).unwrap();
        self
    }

    pub fn grpc(mut self, on: bool) -> Self {
        self.settings.edge = Edge::new(self.settings.edge.ssl(), on).unwrap();
        self
    }

    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub fn trusting(mut self, authority: &Authority) -> Self {
        self.trust = Some(TrustStore::new(vec![authority.der.to_vec()]));
        self
    }

    pub fn build(self, authority: &Authority) -> Zone {
        let name = Hostname::parse(self.name).unwrap();
        let wildcard = format!("*.{}", self.name);
        let leaf = authority.leaf(&[self.name, &wildcard]);
        let certificate = Certificate {
            id: CertificateId::from_bytes([self.id; 16]),
            hosts: vec![name.clone(), Hostname::parse_pattern(&wildcard).unwrap()],
            chain: leaf.chain.iter().map(|der| der.to_vec()).collect(),
            key: SealedKey { fleet_key: FleetKeyId::from_bytes([0; 16]), ciphertext: leaf.pkcs8 },
            not_after_unix: i64::MAX,
        };
        let names =
            self.names.into_iter().map(|(host, name)| (Hostname::parse_pattern(&host).unwrap(), name));
        Zone {
            id: ZoneId::from_bytes([self.id; 16]),
            account: AccountId::from_bytes([self.account; 16]),
            names: Names::new(name.clone(), names),
            name,
            paused: self.paused,
            settings: self.settings,
            certificates: if self.certificate { vec![certificate] } else { Vec::new() },
            trust_store: self.trust.map(|store| store.hash()),
        }
    }
}
