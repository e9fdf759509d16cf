//! The handshake: SNI picks the zone, and only that zone's certificates are shown.

use crate::current::Current;
use policy::id::ZoneId;
use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, server::TlsStream};

/// A fatal alert record, `unrecognized_name` (RFC 8446, 6; RFC 6066, 3). rustls itself would say `access_denied`.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Why a handshake came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotGreeted {
    UnrecognizedName,
    Failed,
}

impl NotGreeted {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::UnrecognizedName => "unrecognized_name",
            Self::Failed => "tls_failed",
        }
    }
}

/// Greets a visitor in the name of the zone they ask for.
pub(super) async fn greet<S>(stream: S, current: &Current) -> Result<(TlsStream<S>, ZoneId), NotGreeted>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let mut start = hello.await.map_err(|_| NotGreeted::Failed)?;
    let Some((config, zone)) = choose(&start, current) else {
        // The visitor may be gone already; there is nobody else to tell.
        let _ = say_unrecognized(&mut start.io).await;
        return Err(NotGreeted::UnrecognizedName);
    };
    let stream = start.into_stream(config).await.map_err(|_| NotGreeted::Failed)?;
    Ok((stream, zone))
}

fn choose<S>(start: &StartHandshake<S>, current: &Current) -> Option<(Arc<rustls::ServerConfig>, ZoneId)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let hello = start.client_hello();
    let host = hello.server_name()?.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let offers_http1 = hello.alpn().is_none_or(|mut offers| offers.any(|protocol| protocol == b"http/1.1"));
    let snapshot = current.load();
    let zone = snapshot.zone_of(host)?;
    Some((Arc::clone(zone.server_config(host, offers_http1)?), zone.zone.id))
}

async fn say_unrecognized(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(&UNRECOGNIZED_NAME).await?;
    stream.shutdown().await
}
