use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};
use tonic::transport::{
    Identity, Server, ServerTlsConfig,
    server::{Router, TcpIncoming},
};
use tower::layer::util::{Identity as NoLayer, Stack};

use crate::{
    DESCRIPTORS,
    echo::EchoLayer,
    greeter::Greeter,
    hello::hello_service_server::{HelloServiceServer, SERVICE_NAME},
};

/// Half of the connection window is what the HTTP/2 engine grants to small unread frames, so it is large.
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const STREAMS_PER_CONNECTION_MAX: u32 = 1024;
const HEADER_LIST_BYTES_MAX: u32 = 64 << 10;
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
const STOP_WITHIN: Duration = Duration::from_secs(5);
const THREADS: usize = 2;

/// A certificate chain and its private key, each as PEM.
#[derive(Clone)]
pub struct KeyPair {
    pub chain_pem: String,
    pub key_pem: String,
}

/// The TLS listener: ALPN offers `h2` and nothing else.
#[derive(Clone)]
pub struct Tls {
    pub listen: SocketAddr,
    pub key_pair: KeyPair,
}

/// Where to listen. Port 0 takes any free port.
#[derive(Clone, Default)]
pub struct Config {
    pub tls: Option<Tls>,
    /// Plaintext HTTP/2 with prior knowledge.
    pub h2c: Option<SocketAddr>,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the sample origin cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the sample origin's certificate or key cannot be used")]
    Certificate(#[source] tonic::transport::Error),
    #[error("no threads for the sample origin")]
    Threads(#[source] io::Error),
    #[error("the reflection service cannot be made")]
    Reflection(#[from] tonic_reflection::server::Error),
}

pub struct SampleOrigin;

/// Both listeners; dropping it closes them and cuts every open call.
#[derive(Debug)]
pub struct Running {
    pub tls_addr: Option<SocketAddr>,
    pub h2c_addr: Option<SocketAddr>,
    stop: watch::Sender<()>,
    servers: Vec<JoinHandle<Result<(), tonic::transport::Error>>>,
    // tonic gives no handle on its connections, but they cannot outlive their runtime. Taken only when dropped.
    runtime: Option<Runtime>,
}

impl SampleOrigin {
    /// Both ports are open when this returns.
    pub async fn start(config: Config) -> Result<Running, Error> {
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let threads = threads.thread_name("sample-origin").worker_threads(THREADS).enable_all();
        let runtime = Some(threads.build().map_err(Error::Threads)?);
        let (stop, _) = watch::channel(());
        let mut running = Running { tls_addr: None, h2c_addr: None, stop, servers: Vec::new(), runtime };
        if let Some(Tls { listen, key_pair }) = config.tls {
            let identity = Identity::from_pem(key_pair.chain_pem, key_pair.key_pem);
            let tls = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE_WITHIN);
            let server = server().tls_config(tls).map_err(Error::Certificate)?;
            running.tls_addr = Some(running.serve(listen, server).await?);
        }
        if let Some(listen) = config.h2c {
            running.h2c_addr = Some(running.serve(listen, server()).await?);
        }
        Ok(running)
    }
}

impl Running {
    /// Takes no new calls, lets open ones end for up to 5 s, then cuts them.
    pub async fn stop(mut self) {
        self.stop.send(()).ok();
        for server in &mut self.servers {
            tokio::time::timeout(STOP_WITHIN, server).await.ok();
        }
    }

    async fn serve(&mut self, listen: SocketAddr, server: Server) -> Result<SocketAddr, Error> {
        let Some(runtime) = &self.runtime else { unreachable!("the runtime is taken only when dropped") };
        let failed = |source| Error::Listen { address: listen, source };
        let listener = std::net::TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = routes(server).await?;
        let incoming = {
            let _inside = runtime.enter();
            TcpIncoming::from(TcpListener::from_std(listener).map_err(failed)?).with_nodelay(Some(true))
        };
        let mut stopped = self.stop.subscribe();
        self.servers.push(runtime.spawn(async move {
            router
                .serve_with_incoming_shutdown(incoming, async move { stopped.changed().await.unwrap_or(()) })
                .await
        }));
        Ok(address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn server() -> Server {
    Server::builder()
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
}

async fn routes(server: Server) -> Result<Router<Stack<EchoLayer, NoLayer>>, Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status(SERVICE_NAME, tonic_health::ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(server
        .layer(EchoLayer)
        .add_service(HelloServiceServer::new(Greeter))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?))
}
