//! A connection to a control plane: TCP, through a proxy if there is one, then TLS, then HTTP/2.

use http::Uri;
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use proto::{MESSAGE_BYTES_MAX, v1::link_client::LinkClient};
use rustls::pki_types::ServerName;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};
use tower::Service as _;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{0} is not an address such as control.example.org:9443")]
    Address(String),
    #[error("the proxy {0} (HTTPS_PROXY) cannot be used: only http:// proxies that know CONNECT can")]
    Proxy(Uri),
    #[error(transparent)]
    Transport(#[from] tonic::transport::Error),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the link to the control plane at `address` (`host:port`), through a proxy if there is one for it.
pub async fn connect(
    address: &str,
    tls: Arc<rustls::ClientConfig>,
    proxies: &Matcher,
) -> Result<LinkClient<Channel>, ConnectError> {
    let malformed = || ConnectError::Address(address.to_owned());
    let target: Uri = format!("https://{address}/").parse().map_err(|_| malformed())?;
    let host = target.host().map(|host| host.trim_matches(['[', ']'])).ok_or_else(malformed)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| malformed())?;
    target.port().ok_or_else(malformed)?;
    let proxy = proxies.intercept(&target).filter(|_| !is_loopback(&name));
    if let Some(unusable) = proxy.as_ref().filter(|proxy| proxy.uri().scheme_str() != Some("http")) {
        return Err(ConnectError::Proxy(unusable.uri().clone()));
    }
    // The scheme `http` keeps TLS out of tonic's hands, which could not pin an authority.
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?
        .origin(target.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    let connector = TlsConnector::from(tls);
    let dial = tower::service_fn(move |_: Uri| {
        let (connector, name, target, proxy) =
            (connector.clone(), name.clone(), target.clone(), proxy.clone());
        async move { open(target, proxy, connector, name).await.map(TokioIo::new) }
    });
    let channel = endpoint.connect_with_connector(dial).await?;
    Ok(LinkClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX))
}

async fn open(
    target: Uri,
    proxy: Option<Intercept>,
    connector: TlsConnector,
    name: ServerName<'static>,
) -> Result<TlsStream<TcpStream>, BoxError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let stream = match proxy {
        None => tcp.call(target).await?,
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            tunnel.call(target).await?
        }
    };
    Ok(connector.connect(name, stream.into_inner()).await?)
}

/// What is on this machine is reached without a proxy, whatever the environment says.
fn is_loopback(name: &ServerName<'_>) -> bool {
    match name {
        ServerName::IpAddress(address) => std::net::IpAddr::from(*address).is_loopback(),
        ServerName::DnsName(name) => name.as_ref() == "localhost",
        _ => false,
    }
}
