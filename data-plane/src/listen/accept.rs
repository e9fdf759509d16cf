use super::{Bound, Door, Worker, worker::Handed};
use crate::telemetry::Telemetry;
use std::{io, sync::Arc, thread, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// How long to wait after an error of accepting, such as too many open files.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// The visitor ports.
pub struct Doors {
    pub https: Bound,
    pub http: Bound,
}

/// Opens the doors and starts the thread that accepts. It ends, and the doors close, when `closing` is cancelled.
pub fn accept_visitors(
    doors: Doors,
    workers: Arc<[Worker]>,
    connections_max: usize,
    telemetry: Arc<Telemetry>,
    closing: CancellationToken,
) -> io::Result<thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let (https, http) = (doors.https.open()?, doors.http.open()?);
    drop(entered);
    let acceptor = Acceptor { workers, places: Arc::new(Semaphore::new(connections_max)), telemetry };
    thread::Builder::new().name("acceptor".into()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = acceptor.accept(https, Door::Https) => {}
                () = acceptor.accept(http, Door::Http) => {}
                () = closing.cancelled() => {}
            }
        });
    })
}

struct Acceptor {
    workers: Arc<[Worker]>,
    places: Arc<Semaphore>,
    telemetry: Arc<Telemetry>,
}

impl Acceptor {
    async fn accept(&self, listener: TcpListener, door: Door) {
        loop {
            let accepted = listener.accept().await.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a visitor could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                self.telemetry.metrics.handshake_refused("too_many_connections");
                continue;
            };
            if let Some(worker) = self.workers.iter().min_by_key(|worker| worker.load()) {
                worker.hand(Handed { stream, peer, door, place });
            }
        }
    }
}
