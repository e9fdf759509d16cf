//! Visitors: a bare HTTP/2 client that shows every frame's meaning, and tonic.

use crate::harness::{HOST, Node};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use h2::{RecvStream, SendStream, client::SendRequest};
use http::{HeaderMap, Request, Response};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use sample_origin::hello::hello_service_client::HelloServiceClient;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

pub type Tls = TlsStream<TcpStream>;

pub fn client_config(node: &Node, alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(node.authority.der.clone()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

pub async fn tls(node: &Node, host: &str, alpn: &[&str]) -> std::io::Result<Tls> {
    let tcp = TcpStream::connect(node.https).await?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::new(client_config(node, alpn))).connect(name, tcp).await
}

/// What a call came to.
#[derive(Debug)]
pub struct Outcome {
    pub http_status: u16,
    pub headers: HeaderMap,
    /// The whole answer was one HEADERS frame with END_STREAM.
    pub trailers_only: bool,
    pub body: Bytes,
    pub trailers: HeaderMap,
}

impl Outcome {
    pub fn grpc_status(&self) -> Option<u8> {
        self.ending("grpc-status").and_then(|status| status.parse().ok())
    }

    pub fn message(&self) -> String {
        policy::grpc::decode_message(&self.ending("grpc-message").unwrap_or_default())
    }

    /// The reason of the `google.rpc.ErrorInfo` in the details.
    pub fn reason(&self) -> String {
        let details = STANDARD_NO_PAD.decode(self.ending("grpc-status-details-bin").unwrap()).unwrap();
        let text = String::from_utf8_lossy(&details);
        let (_, info) = text.split_once("type.googleapis.com/google.rpc.ErrorInfo").unwrap();
        let in_reason = |character: char| matches!(character, 'A'..='Z' | '0'..='9' | '_');
        info.split(|character| !in_reason(character)).find(|part| part.len() > 1).unwrap().to_owned()
    }

    /// From the trailers, or from the head of a trailers-only answer.
    pub fn ending(&self, name: &str) -> Option<String> {
        let value = self.trailers.get(name).or_else(|| self.headers.get(name))?;
        Some(value.to_str().unwrap().to_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A bare HTTP/2 connection to the node.
pub struct Visitor {
    pub sender: SendRequest<Bytes>,
    pub scheme: &'static str,
}

impl Visitor {
    pub async fn by_tls(node: &Node) -> Self {
        Self::by_tls_to(node, HOST).await
    }

    pub async fn by_tls_to(node: &Node, server_name: &str) -> Self {
        let (sender, connection) =
            h2::client::handshake(tls(node, server_name, &["h2"]).await.unwrap()).await.unwrap();
        tokio::spawn(connection);
        Self { sender, scheme: "https" }
    }

    pub async fn by_h2c(node: &Node) -> Self {
        let tcp = TcpStream::connect(node.http).await.unwrap();
        let (sender, connection) = h2::client::handshake(tcp).await.unwrap();
        tokio::spawn(connection);
        Self { sender, scheme: "http" }
    }

    pub fn grpc(&self, host: &str) -> Request<()> {
        let uri = format!("{}://{host}/hello.HelloService/SayHello", self.scheme);
        let request = Request::post(uri).header("content-type", "application/grpc").header("te", "trailers");
        request.body(()).unwrap()
    }

    /// Sends a head and returns both halves of the stream.
    pub async fn open(&self, request: Request<()>) -> (h2::client::ResponseFuture, SendStream<Bytes>) {
        let mut sender = self.sender.clone().ready().await.unwrap();
        sender.send_request(request, false).unwrap()
    }

    pub async fn call(&self, request: Request<()>, message: Bytes) -> Outcome {
        let (response, mut body) = self.open(request).await;
        body.send_data(message, true).unwrap();
        outcome(response.await.unwrap()).await.unwrap()
    }

    /// `SayHello` to the host of the demo zone.
    pub async fn hello(&self) -> Outcome {
        self.call(self.grpc(HOST), hello("Orangery")).await
    }
}

/// A gRPC message that greets; names are shorter than 126 bytes.
pub fn hello(whom: &str) -> Bytes {
    let length = u8::try_from(whom.len()).unwrap();
    let mut frame = vec![0, 0, 0, 0, length + 2, 10, length];
    frame.extend_from_slice(whom.as_bytes());
    frame.into()
}

pub async fn outcome(response: Response<RecvStream>) -> Result<Outcome, h2::Error> {
    let (head, mut stream) = response.into_parts();
    let trailers_only = stream.is_end_stream();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let trailers = stream.trailers().await?.unwrap_or_default();
    Ok(Outcome {
        http_status: head.status.as_u16(),
        headers: head.headers,
        trailers_only,
        body: body.into(),
        trailers,
    })
}

pub async fn tonic(node: &Node, by_tls: bool) -> HelloServiceClient<Channel> {
    HelloServiceClient::new(channel(node, by_tls).await)
}

pub async fn channel(node: &Node, by_tls: bool) -> Channel {
    let (https, http, config) = (node.https, node.http, Arc::new(client_config(node, &["h2"])));
    let scheme = if by_tls { "https" } else { "http" };
    // The connector does TLS itself, so the endpoint must not ask for it; the scheme of requests is set apart.
    let endpoint = Endpoint::from_shared(format!("http://{HOST}")).unwrap();
    let endpoint = endpoint.origin(format!("{scheme}://{HOST}").parse().unwrap());
    let connector = tower::service_fn(move |_| {
        let config = Arc::clone(&config);
        async move {
            let stream: Box<dyn Stream> = if by_tls {
                let tcp = TcpStream::connect(https).await?;
                Box::new(TlsConnector::from(config).connect(ServerName::try_from(HOST).unwrap(), tcp).await?)
            } else {
                Box::new(TcpStream::connect(http).await?)
            };
            Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(stream))
        }
    });
    endpoint.connect_with_connector(connector).await.unwrap()
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for S {}
