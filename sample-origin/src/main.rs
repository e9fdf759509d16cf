//! `orangery-sample-origin`: the greeter as a process of its own.

#![expect(clippy::print_stderr, reason = "where it listens is for the person at the terminal")]

use std::{fs, net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Parser;
use sample_origin::{Config, KeyPair, SampleOrigin, Tls};
use tokio::signal::unix::{SignalKind, signal};

/// A small gRPC origin: hello.HelloService, grpc.health.v1 and reflection.
#[derive(Parser)]
#[command(name = "orangery-sample-origin", version)]
struct Arguments {
    /// Where to serve gRPC over TLS; needs a certificate and its key.
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_TLS_LISTEN", value_name = "ADDRESS", requires = "tls_cert")]
    tls_listen: Option<SocketAddr>,
    /// The certificate chain, PEM.
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key, PEM.
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where to serve gRPC over plaintext HTTP/2.
    #[arg(long, env = "ORANGERY_SAMPLE_ORIGIN_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

const TLS_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 50051);
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 50052);

impl Arguments {
    /// Without any address: 50052 in plaintext, and 50051 with TLS if there is a certificate.
    fn config(self) -> anyhow::Result<Config> {
        let nothing_said = self.tls_listen.is_none() && self.listen.is_none();
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(chain), Some(key)) => {
                let read = |path: PathBuf| {
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
                };
                let key_pair = KeyPair { chain_pem: read(chain)?, key_pem: read(key)? };
                Some(Tls { listen: self.tls_listen.unwrap_or(TLS_LISTEN), key_pair })
            }
            _ => None,
        };
        Ok(Config { tls, h2c: self.listen.or(nothing_said.then_some(LISTEN)) })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut terminated = signal(SignalKind::terminate())?;
    let running = SampleOrigin::start(Arguments::parse().config()?).await?;
    for (address, how) in [(running.tls_addr, "TLS"), (running.h2c_addr, "plaintext HTTP/2")] {
        if let Some(address) = address {
            eprintln!("gRPC over {how} on {address}");
        }
    }
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminated.recv() => {}
    }
    running.stop().await;
    Ok(())
}
