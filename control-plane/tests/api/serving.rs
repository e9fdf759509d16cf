//! The process as operators meet it: ports, TLS, health, and an end that finishes what was begun.

use crate::harness::NOW;
use clap::Parser as _;
use control_plane::{
    clock::Clock,
    config::Config,
    serve::{self, Running},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use sqlx::{Connection as _, PgConnection};
use std::{fs, net::SocketAddr, os::unix::fs::DirBuilderExt as _, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// A running control plane and its database.
struct House {
    running: Running,
    database: String,
    token: String,
}

impl House {
    async fn open(more: &[&str]) -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let (folder, database) = (folder(), dev_postgres::test_database());
        let running = serve::serve(config(&folder, &database, more), clock()).await.unwrap();
        let token = fs::read_to_string(folder.join("token")).unwrap().trim().to_owned();
        // Everything in it is read once, at the start.
        fs::remove_dir_all(folder).unwrap();
        Self { running, database, token }
    }

    fn request(&self, method: &str, path: &str, body: &'static str) -> Request<Full<Bytes>> {
        let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        let request =
            request.header("host", "localhost").header("authorization", format!("Bearer {}", self.token));
        request.body(Full::from(body)).unwrap()
    }
}

fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir()
        .join(format!("orangery-serving-{}", hex::encode(control_plane::random::bytes::<8>())));
    fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    folder
}

fn config(folder: &std::path::Path, database: &str, more: &[&str]) -> Config {
    let (master, token) = (folder.join("master"), folder.join("token"));
    let mut words = vec!["orangery-control-plane", "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0"];
    words.extend(["--admin-listen", "127.0.0.1:0", "--database-url", database]);
    words.extend([
        "--master-key-file",
        master.to_str().unwrap(),
        "--bootstrap-token-file",
        token.to_str().unwrap(),
    ]);
    Config::parse_from(words.into_iter().chain(more.iter().copied()))
}

pub(crate) async fn over_http1<S>(stream: S, request: Request<Full<Bytes>>) -> Response<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

pub(crate) async fn over_http2<S>(stream: S, request: Request<Full<Bytes>>) -> Response<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

pub(crate) async fn tcp(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn admin(house: &House, path: &str) -> (StatusCode, String) {
    let response = over_http1(tcp(house.running.admin_addr).await, house.request("GET", path, "")).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn one_port_speaks_http1_and_http2() {
    let house = House::open(&[]).await;
    let path = "/client/v4/zones";
    let one = over_http1(tcp(house.running.api_addr).await, house.request("GET", path, "")).await;
    let two = over_http2(tcp(house.running.api_addr).await, house.request("GET", path, "")).await;
    assert_eq!((one.status(), two.status()), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn with_a_certificate_the_api_is_https_with_alpn() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = folder();
    let (chain, key) = (files.join("chain.pem"), files.join("key.pem"));
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let house =
        House::open(&["--tls-cert", chain.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = tcp(house.running.api_addr).await;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let response = over_http2(stream, house.request("GET", "/client/v4/ips", "")).await;
    assert_eq!(response.status(), StatusCode::OK);
    fs::remove_dir_all(files).unwrap();
}

#[tokio::test]
async fn health_readiness_and_metrics_are_on_their_own_port() {
    let house = House::open(&[]).await;
    assert_eq!(admin(&house, "/healthz").await.0, StatusCode::OK);
    assert_eq!(admin(&house, "/readyz").await, (StatusCode::OK, "ready at revision 0\n".into()));
    let (status, metrics) = admin(&house, "/metrics").await;
    assert!(status == StatusCode::OK && metrics.contains("\norangery_revision 0\n"), "{metrics}");
    assert_eq!(admin(&house, "/client/v4/zones").await.0, StatusCode::NOT_FOUND);
    let health = over_http1(tcp(house.running.api_addr).await, house.request("GET", "/healthz", "")).await;
    assert_eq!(health.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_write_under_way_is_answered_when_the_process_is_told_to_stop() {
    let house = House::open(&[]).await;
    let stream = tcp(house.running.api_addr).await;
    let mut blocker = PgConnection::connect(&house.database).await.unwrap();
    let mut lock = blocker.begin().await.unwrap();
    sqlx::query("select from revision_counter for update").execute(&mut *lock).await.unwrap();
    let write = house.request("POST", "/client/v4/zones", r#"{"name": "example.com"}"#);
    let (address, answer) = (house.running.api_addr, tokio::spawn(over_http1(stream, write)));
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    // Inside the transaction the statistics would stay as they were when they were first looked at.
    let mut watcher = PgConnection::connect(&house.database).await.unwrap();
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watcher).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stopping = tokio::spawn(house.running.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stopping.is_finished(), "the process waits for the write");
    lock.rollback().await.unwrap();
    assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    stopping.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_busy_port_is_an_error_that_names_the_flag() {
    let house = House::open(&[]).await;
    let (folder, taken) = (folder(), house.running.api_addr.to_string());
    let config = config(&folder, &dev_postgres::test_database(), &[]);
    let config = Config { listen: taken.parse().unwrap(), ..config };
    let error = serve::serve(config, clock()).await.err().unwrap();
    assert!(error.to_string().contains("--listen") && error.to_string().contains(&taken), "{error}");
    fs::remove_dir_all(folder).unwrap();
}
