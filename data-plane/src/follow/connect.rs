//! A connection to a control plane: TCP, through a proxy if there is one, then TLS, then HTTP/2.

use http::{HeaderValue, Uri};
use hyper_util::{
    client::legacy::connect::{HttpConnector, proxy::Tunnel},
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

/// A forward proxy that is asked to CONNECT.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    uri: Uri,
    authorization: Option<HeaderValue>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("{0} is not an address such as control.example.org:9443")]
    Address(String),
    #[error(transparent)]
    Transport(#[from] tonic::transport::Error),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What `HTTPS_PROXY` says, if it is an `http://` URL; user and password become Basic authorization.
pub(super) fn parse_proxy(text: &str) -> Option<Proxy> {
    use base64::Engine as _;
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"))?.as_str();
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    let user = user.map(|user| percent_encoding::percent_decode_str(user).collect::<Vec<u8>>());
    let basic = user.map(|user| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user)));
    let authorization = basic.map(HeaderValue::try_from).transpose().ok()?;
    Some(Proxy { uri: format!("http://{host}").parse().ok()?, authorization })
}

/// Opens the link to the control plane at `address` (`host:port`).
pub(super) async fn connect(
    address: &str,
    tls: Arc<rustls::ClientConfig>,
    proxy: Option<Proxy>,
) -> Result<LinkClient<Channel>, ConnectError> {
    let malformed = || ConnectError::Address(address.to_owned());
    let target: Uri = format!("https://{address}/").parse().map_err(|_| malformed())?;
    let host = target.host().map(|host| host.trim_matches(['[', ']'])).ok_or_else(malformed)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| malformed())?;
    target.port().ok_or_else(malformed)?;
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
        let (connector, name, target, proxy) = (connector.clone(), name.clone(), target.clone(), proxy.clone());
        async move { open(target, proxy, connector, name).await.map(TokioIo::new) }
    });
    let channel = endpoint.connect_with_connector(dial).await?;
    Ok(LinkClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX))
}

async fn open(
    target: Uri,
    proxy: Option<Proxy>,
    connector: TlsConnector,
    name: ServerName<'static>,
) -> Result<TlsStream<TcpStream>, BoxError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let stream = match proxy {
        None => tcp.call(target).await?,
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri, tcp);
            if let Some(authorization) = proxy.authorization {
                tunnel = tunnel.with_auth(authorization);
            }
            tunnel.call(target).await?
        }
    };
    Ok(connector.connect(name, stream.into_inner()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_http_url_with_or_without_a_user() {
        let proxy = parse_proxy("http://us%65r:pass@proxy.test:3128").expect("a proxy");
        assert_eq!(proxy.uri, "http://proxy.test:3128");
        assert_eq!(proxy.authorization.expect("authorization"), "Basic dXNlcjpwYXNz");
        assert!(parse_proxy("http://proxy.test:3128/").is_some_and(|proxy| proxy.authorization.is_none()));
        for other in ["", "proxy.test:3128", "socks5://proxy.test", "https://proxy.test"] {
            assert!(parse_proxy(other).is_none(), "{other}");
        }
    }
}
