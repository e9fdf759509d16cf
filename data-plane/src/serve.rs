//! The composition of a node: ports, workers, telemetry, and the order in which they end.

use crate::{
    config::Config,
    current::Current,
    geoip::{Countries, NoCountries},
    journey::{Edge, Ports, Rays},
    listen::{Bound, ConnectionLimits, Doors, Phases, Worker, WorkerSetup, accept_visitors},
    origin::{OriginLimits, Origins, Resolver},
    telemetry::{AccessLog, Telemetry, serve_admin},
};
use policy::address::OriginAddressRules;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

/// Connections of one worker to the origins of one zone, and to all of them.
const ORIGIN_CONNECTIONS_PER_ZONE_MAX: usize = 1024;
const ORIGIN_CONNECTIONS_MAX: usize = 8192;
/// How often a draining node looks whether its visitors are gone.
const DRAIN_TICK: Duration = Duration::from_millis(20);

/// A node at work. It ends some time after `shutdown` was cancelled; wait for it with [`Running::ended`].
pub struct Running {
    pub https_addr: SocketAddr,
    pub http_addr: SocketAddr,
    pub admin_addr: SocketAddr,
    end: JoinHandle<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address} ({flag}): {source}")]
    Listen { flag: &'static str, address: SocketAddr, source: io::Error },
    #[error("cannot open the access log: {0}")]
    AccessLog(#[source] io::Error),
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Countries(#[from] NoCountries),
    #[error(transparent)]
    Resolver(#[from] crate::origin::NoResolver),
    #[error("no random bytes from the operating system: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl Running {
    /// Returns when the node has drained and every thread of it is gone.
    pub async fn ended(self) {
        // The task cannot panic, and nobody aborts it.
        let _ = self.end.await;
    }
}

/// Starts a node that serves what `current` holds, and opens its visitor ports once it holds anything.
///
/// On `shutdown` it stops accepting, tells every connection to finish (GOAWAY in two phases), and ends after the grace
/// period of the configuration at the latest.
pub async fn serve(
    config: Config,
    current: Arc<Current>,
    shutdown: CancellationToken,
) -> Result<Running, ServeError> {
    let countries = config.geoip_database.as_deref().map(Countries::open).transpose()?.map(Arc::new);
    let https = bind("--https-listen", config.https_listen)?;
    let http = bind("--http-listen", config.http_listen)?;
    let admin = TcpListener::bind(config.admin_listen).await.map_err(|source| ServeError::Listen {
        flag: "--admin-listen",
        address: config.admin_listen,
        source,
    })?;
    let admin_addr = admin.local_addr().unwrap_or(config.admin_listen);
    let (https_addr, http_addr) = (https.address(), http.address());

    let (log, log_writer) = AccessLog::open(&config.access_log).map_err(ServeError::AccessLog)?;
    let telemetry = Arc::new(Telemetry::new(log));
    let phases = Phases::default();
    let listeners = [https_addr, http_addr, admin_addr];
    let (workers, threads) = start_workers(&config, &current, &telemetry, countries, &phases, listeners)?;
    let (draining, ended) = (phases.draining.clone(), phases.ended.clone());
    let admin =
        tokio::spawn(serve_admin(admin, Arc::clone(&current), Arc::clone(&telemetry), draining, ended));
    let node = Node { config, current, telemetry, phases, workers, threads, shutdown, admin, log_writer };
    let end = tokio::spawn(node.live(Doors { https, http }));
    Ok(Running { https_addr, http_addr, admin_addr, end })
}

struct Node {
    config: Config,
    current: Arc<Current>,
    telemetry: Arc<Telemetry>,
    phases: Phases,
    workers: Arc<[Worker]>,
    threads: Vec<thread::JoinHandle<()>>,
    shutdown: CancellationToken,
    admin: JoinHandle<()>,
    log_writer: Option<thread::JoinHandle<()>>,
}

impl Node {
    async fn live(mut self, doors: Doors) {
        let mut positions = self.current.positions();
        let configured = tokio::select! {
            configured = positions.wait_for(Option::is_some) => configured.is_ok(),
            () = self.shutdown.cancelled() => false,
        };
        if configured {
            self.open(doors);
        }
        self.shutdown.cancelled().await;
        self.phases.draining.cancel();
        let last = Instant::now() + self.config.drain_grace;
        while self.workers.iter().any(|worker| worker.load() > 0) && Instant::now() < last {
            tokio::time::sleep(DRAIN_TICK).await;
        }
        self.phases.ended.cancel();
        self.end().await;
    }

    /// Waits for every thread, the writer of the access log last: it ends when nobody can write any more.
    async fn end(self) {
        let Self { telemetry, threads, admin, log_writer, .. } = self;
        // Whatever panicked has ended, which is all that is waited for here.
        let _ = admin.await;
        drop(telemetry);
        let join = move || threads.into_iter().chain(log_writer).for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }

    fn open(&mut self, doors: Doors) {
        let opened = accept_visitors(
            doors,
            Arc::clone(&self.workers),
            self.config.max_connections,
            Arc::clone(&self.telemetry),
            self.phases.draining.clone(),
        );
        match opened {
            Ok(thread) => self.threads.push(thread),
            Err(error) => {
                tracing::error!(%error, "the visitor ports cannot be opened, the node ends");
                self.shutdown.cancel();
            }
        }
    }
}

fn bind(flag: &'static str, address: SocketAddr) -> Result<Bound, ServeError> {
    Bound::new(address).map_err(|source| ServeError::Listen { flag, address, source })
}

type Started = (Arc<[Worker]>, Vec<thread::JoinHandle<()>>);

fn start_workers(
    config: &Config,
    current: &Arc<Current>,
    telemetry: &Arc<Telemetry>,
    countries: Option<Arc<Countries>>,
    phases: &Phases,
    listeners: [SocketAddr; 3],
) -> Result<Started, ServeError> {
    let [https, http, _] = listeners;
    let rules = Arc::new(OriginAddressRules {
        allow_loopback: config.allow_loopback_origins,
        deny: config.origin_deny.clone(),
        own_listeners: own_addresses(listeners),
    });
    let node: Arc<str> = node_name(config).into();
    let ports = Ports { https: https.port(), http: http.port() };
    let (mut workers, mut threads) = (Vec::new(), Vec::new());
    for index in 0..worker_count(config) {
        let resolver = Resolver::new(&config.dns_server)?;
        let origins = Origins::new(resolver, Arc::clone(&rules), origin_limits(config));
        let edge = Edge {
            node: Arc::clone(&node),
            current: Arc::clone(current),
            origins,
            countries: countries.clone(),
            telemetry: Arc::clone(telemetry),
            rays: Rays::new(getrandom::u64()?, config.colo.as_str().into()),
            ports,
        };
        let setup = WorkerSetup { limits: connection_limits(config), phases: phases.clone() };
        let (worker, thread) = Worker::start(index, setup, edge).map_err(ServeError::Thread)?;
        workers.push(worker);
        threads.push(thread);
    }
    Ok((workers.into(), threads))
}

/// The listeners at every address of this machine that leads to them.
fn own_addresses(listeners: [SocketAddr; 3]) -> Vec<SocketAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let ips = interfaces.iter().filter_map(|interface| {
        let address = interface.address.as_ref()?;
        let ipv4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        ipv4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    });
    let ips: Vec<_> = ips.collect();
    let everywhere = listeners.iter().filter(|listener| listener.ip().is_unspecified());
    let at_interfaces =
        everywhere.flat_map(|listener| ips.iter().map(|ip| SocketAddr::new(*ip, listener.port())));
    listeners.iter().copied().chain(at_interfaces).collect()
}

fn worker_count(config: &Config) -> usize {
    match config.workers {
        0 => thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    }
}

fn node_name(config: &Config) -> String {
    let own = config.node_name.clone();
    let host =
        || std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).ok();
    own.or_else(host).filter(|name| !name.is_empty()).unwrap_or_else(|| "node".to_owned())
}

fn connection_limits(config: &Config) -> ConnectionLimits {
    ConnectionLimits {
        handshake_timeout: config.handshake_timeout,
        idle_timeout: config.visitor_idle_timeout,
        streams_max: config.max_streams,
        proxies: config.proxy_protocol_from.clone(),
    }
}

fn origin_limits(config: &Config) -> OriginLimits {
    OriginLimits {
        connect_timeout: config.origin_connect_timeout,
        idle_timeout: config.origin_idle_timeout,
        ping_interval: config.origin_ping_interval,
        connections_per_way_max: config.max_origin_connections,
        connections_per_zone_max: ORIGIN_CONNECTIONS_PER_ZONE_MAX,
        connections_max: ORIGIN_CONNECTIONS_MAX,
    }
}
