//! TLS of the link: a short-lived certificate of the link authority, made anew while the process runs.
//!
//! Nodes pin the authority and not a name, so that the control plane can be reached by any address.

use super::{connection::Connection, keys::LinkKeys};
use crate::{certificates::authority::IssueError, clock::Clock};
use arc_swap::ArcSwap;
use jiff::SignedDuration;
use policy::hostname::Hostname;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 90);
const RENEW_EVERY: Duration = Duration::from_secs(24 * 3600);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at a time, greeted or not.
const CONNECTIONS_MAX: usize = 20_000;
/// After an error of accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What the certificate is issued for; nodes do not look at it.
const NAME: &str = "link.orangery.internal";

#[derive(Debug, thiserror::Error)]
pub enum LinkTlsError {
    #[error("the certificate of the link cannot be made")]
    Issue(#[from] IssueError),
    #[error("the certificate of the link is not usable")]
    Rustls(#[from] rustls::Error),
}

/// Accepts connections and greets them in TLS; what comes out speaks HTTP/2.
pub(super) fn accept(
    listener: TcpListener,
    keys: Arc<LinkKeys>,
    clock: Clock,
    shutdown: CancellationToken,
) -> Result<mpsc::Receiver<io::Result<Connection>>, LinkTlsError> {
    let config = Arc::new(ArcSwap::from_pointee(server_config(&keys, &clock)?));
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(renew(Arc::clone(&config), keys, clock, shutdown.clone()));
    let door = Door { places: Arc::new(Semaphore::new(CONNECTIONS_MAX)), config, sender };
    tokio::spawn(async move {
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => door.let_in(stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection to the link could not be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(receiver)
}

struct Door {
    places: Arc<Semaphore>,
    config: Arc<ArcSwap<ServerConfig>>,
    sender: mpsc::Sender<io::Result<Connection>>,
}

impl Door {
    /// Greets a connection in a task of its own; closes it if there are too many.
    fn let_in(&self, stream: TcpStream) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("a connection to the link is closed: there are {CONNECTIONS_MAX}");
            return;
        };
        let (acceptor, sender) = (TlsAcceptor::from(self.config.load_full()), self.sender.clone());
        tokio::spawn(async move {
            if let Some(stream) = greet(&acceptor, stream).await {
                sender.send(Ok(Connection::new(stream, place))).await.ok();
            }
        });
    }
}

async fn greet(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    stream.set_nodelay(true).ok();
    let handshake = time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await;
    match handshake.map_err(io::Error::from).flatten() {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake on the link failed");
            None
        }
    }
}

async fn renew(
    config: Arc<ArcSwap<ServerConfig>>,
    keys: Arc<LinkKeys>,
    clock: Clock,
    shutdown: CancellationToken,
) {
    while shutdown.run_until_cancelled(time::sleep(RENEW_EVERY)).await.is_some() {
        match server_config(&keys, &clock) {
            Ok(newer) => config.store(Arc::new(newer)),
            Err(error) => tracing::error!(%error, "the link keeps its certificate for another day"),
        }
    }
}

fn server_config(keys: &LinkKeys, clock: &Clock) -> Result<ServerConfig, LinkTlsError> {
    let names: Vec<_> = Hostname::parse(NAME).into_iter().map(Into::into).collect();
    let issued = keys.authority.issue_server(&names, VALIDITY, clock.now())?;
    let chain = vec![
        CertificateDer::from(issued.signed.leaf.clone()),
        CertificateDer::from(keys.authority.certificate().to_vec()),
    ];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.pkcs8.to_vec()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
