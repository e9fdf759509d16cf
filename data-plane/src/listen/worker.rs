use super::{
    Door,
    connection::{self, ConnectionLimits, Server},
};
use crate::journey::Edge;
use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::sync::{
    OwnedSemaphorePermit,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_util::sync::CancellationToken;

const SWEEP_INTERVAL: Duration = Duration::from_secs(15);

/// The two steps of an end: first no new requests, then no open ones.
#[derive(Debug, Clone, Default)]
pub struct Phases {
    pub draining: CancellationToken,
    pub ended: CancellationToken,
}

/// An accepted socket on its way to a worker. The queue is bounded by the places there are.
pub(super) struct Handed {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) door: Door,
    pub(super) place: OwnedSemaphorePermit,
}

/// A thread with its own runtime, its own origins and its share of the visitors.
pub struct Worker {
    sockets: UnboundedSender<Handed>,
    connections: Arc<AtomicUsize>,
}

/// What a worker needs to be told.
pub struct WorkerSetup {
    pub limits: ConnectionLimits,
    pub phases: Phases,
}

impl Worker {
    /// Starts a thread. It ends once `phases` have and it has no visitors left.
    pub fn start(index: usize, setup: WorkerSetup, edge: Edge) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sockets, queue) = unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let load = Arc::clone(&connections);
        let thread = thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
            runtime.block_on(async move { work(setup, Arc::new(edge), queue, load).await });
        })?;
        Ok((Self { sockets, connections }, thread))
    }

    /// Connections at this moment.
    pub fn load(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn hand(&self, handed: Handed) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        if self.sockets.send(handed).is_err() {
            self.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

async fn work(
    setup: WorkerSetup,
    edge: Arc<Edge>,
    mut queue: UnboundedReceiver<Handed>,
    load: Arc<AtomicUsize>,
) {
    let WorkerSetup { limits, phases } = setup;
    let server = Arc::new(Server::new(Arc::clone(&edge), limits, phases.clone()));
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    let mut origin_connections = 0.0;
    loop {
        tokio::select! {
            Some(handed) = queue.recv() => {
                let (server, load) = (Arc::clone(&server), Arc::clone(&load));
                tokio::spawn(async move {
                    let _load = Load(load);
                    connection::serve(&server, handed).await;
                });
            }
            _ = sweep.tick() => {
                edge.origins.sweep();
                let now = edge.origins.connection_count() as f64;
                edge.telemetry.metrics.origin_connections.increment(now - origin_connections);
                origin_connections = now;
            }
            () = phases.ended.cancelled() => break,
        }
    }
}

/// One connection of a worker's load.
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
