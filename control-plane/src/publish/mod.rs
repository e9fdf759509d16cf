//! What was written reaches the nodes: rows → documents → streams.
//!
//! `watch` sees that there is a newer revision, [`compile`] makes documents of its rows, [`hub`] holds them, and for every node
//! [`session`] decides what it lacks. `service` is the gRPC side of it, [`enrol`] how nodes join, [`reports`] what they tell.

pub mod compile;
mod connection;
pub mod documents;
pub mod enrol;
pub mod hub;
pub mod keys;
pub mod reports;
mod service;
pub mod session;
mod stream;
mod tls;
mod watch;

use crate::{clock::Clock, db::link::LinkKeyError, secrets::MasterKey};
use hub::Hub;
use keys::{KeysError, LinkKeys};
use proto::{MESSAGE_BYTES_MAX, v1::link_server::LinkServer};
use reports::Reports;
use service::LinkService;
use sqlx::PgPool;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tls::LinkTlsError;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

/// Nodes that are sent everything at a time; the others wait, so that a storm of them starves nobody.
const ADMISSIONS_MAX: usize = 32;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of one node at a time: a stream, a report and some room.
const REQUESTS_PER_CONNECTION_MAX: usize = 8;

/// Large enough for the largest request, which names kept chunks.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// A running link.
pub struct Running {
    pub link_addr: SocketAddr,
    pub keys: Arc<LinkKeys>,
    pub reports: Reports,
    /// Ends after shutdown, once the streams are closed.
    pub task: JoinHandle<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {0} for nodes (--link-listen)")]
    Listen(SocketAddr, #[source] io::Error),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Read(#[from] LinkKeyError),
    #[error(transparent)]
    Tls(#[from] LinkTlsError),
}

/// Opens the link on `listen` and publishes until `shutdown`. The database is migrated and has its cluster.
pub async fn serve(
    pool: PgPool,
    master: MasterKey,
    clock: Clock,
    listen: SocketAddr,
    shutdown: CancellationToken,
) -> Result<Running, ServeError> {
    let failed = |error| ServeError::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let link_addr = listener.local_addr().map_err(failed)?;
    let keys = Arc::new(LinkKeys::ensure(&pool, &master, clock.now()).await?);
    let hub = Arc::new(Hub::start(pool.clone(), master).await?);
    let reports = Reports::start(pool.clone());
    tokio::spawn(watch::follow(Arc::clone(&hub), pool.clone(), shutdown.clone()));
    tokio::spawn(watch::compact(pool.clone(), shutdown.clone()));
    let connections = tls::accept(listener, Arc::clone(&keys), clock.clone(), shutdown.clone())?;
    let service = LinkService {
        pool,
        hub,
        keys: Arc::clone(&keys),
        clock,
        reports: reports.clone(),
        admissions: Arc::new(Semaphore::new(ADMISSIONS_MAX)),
        shutdown: shutdown.clone(),
    };
    let server = server(service, ReceiverStream::new(connections), shutdown);
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the link ended");
        }
    });
    Ok(Running { link_addr, keys, reports, task })
}

async fn server(
    service: LinkService,
    connections: ReceiverStream<io::Result<connection::Connection>>,
    shutdown: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let link = LinkServer::new(service)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .concurrency_limit_per_connection(REQUESTS_PER_CONNECTION_MAX)
        .initial_connection_window_size(Some(CONNECTION_WINDOW_BYTES))
        .initial_stream_window_size(Some(STREAM_WINDOW_BYTES))
        .add_service(link)
        .serve_with_incoming_shutdown(connections, shutdown.cancelled_owned())
        .await
}
