//! TLS of the link: a short-lived certificate of the link authority, made anew while the process runs.
//!
//! Nodes pin the authority and not a name, so that the control plane can be reached by any address.

use super::keys::LinkKeys;
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
/// Handshakes under way at a time; a storm of nodes waits in the listener's backlog.
const HANDSHAKES_MAX: usize = 128;
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
) -> Result<mpsc::Receiver<io::Result<TlsStream<TcpStream>>>, LinkTlsError> {
    let config = Arc::new(ArcSwap::from_pointee(server_config(&keys, &clock)?));
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(renew(Arc::clone(&config), keys, clock, shutdown.clone()));
    tokio::spawn(async move {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
            match accepted {
                Ok((stream, _)) => {
                    let (acceptor, sender) = (TlsAcceptor::from(config.load_full()), sender.clone());
                    tokio::spawn(async move {
                        if let Some(stream) = greet(&acceptor, stream).await {
                            drop(permit);
                            sender.send(Ok(stream)).await.ok();
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the link could not be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(receiver)
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
