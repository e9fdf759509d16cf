//! Origins as they are met in the wild: one that behaves, and the ways in which others do not.

mod counter;
mod raw;
mod tls;

pub use counter::Counter;

use crate::authority::{Authority, Identity};
use anyhow::Context as _;
use sample_origin::{Config, KeyPair, SampleOrigin, Tls};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::task::AbortHandle;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How an origin behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// TLS with a certificate that the zone trusts, HTTP/2.
    TlsWithHttp2,
    /// The same, but ALPN offers only HTTP/1.1.
    TlsWithoutHttp2,
    SelfSigned,
    WrongHost,
    Expired,
    /// HTTP/2 without TLS, with prior knowledge.
    PlaintextH2c,
    /// Nobody listens on the port.
    Refusing,
    /// Accepts connections and never says a byte.
    Silent,
    /// Sends the head and one message, then its connection dies.
    DeadMidStream,
    /// Sends the head and one message, then ends the stream without a status.
    EndsWithoutStatus,
    /// Answers every call with an HTML page and this status.
    AnswersHtml(u16),
    /// Speaks TLS and offers `h2`, but answers with bytes that are not HTTP/2.
    SpeaksGibberish,
}

impl Behaviour {
    /// The rows of the matrix.
    pub const MATRIX: [Self; 9] = [
        Self::TlsWithHttp2,
        Self::TlsWithoutHttp2,
        Self::SelfSigned,
        Self::WrongHost,
        Self::Expired,
        Self::PlaintextH2c,
        Self::Refusing,
        Self::Silent,
        Self::DeadMidStream,
    ];
}

/// A listening (or pointedly not listening) origin; it goes away when dropped.
pub struct Origin {
    pub behaviour: Behaviour,
    pub address: SocketAddr,
    _keeper: Keeper,
}

#[expect(dead_code, reason = "kept for what dropping it does")]
enum Keeper {
    Sample(sample_origin::Running),
    Task(Task),
    /// Bound but not listening: the port is ours and refuses.
    Socket(Socket),
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts an origin for calls to `host`, with certificates (where it shows any that are signed) from `authority`.
pub async fn origin(behaviour: Behaviour, host: &str, authority: &Authority) -> anyhow::Result<Origin> {
    let good = || authority.issue(host);
    let (address, keeper) = match behaviour {
        Behaviour::TlsWithHttp2 => sample(Some(good()?)).await?,
        Behaviour::SelfSigned => sample(Some(Identity::self_signed(host)?)).await?,
        Behaviour::WrongHost => sample(Some(authority.issue("elsewhere.test")?)).await?,
        Behaviour::Expired => sample(Some(authority.issue_expired(host)?)).await?,
        Behaviour::PlaintextH2c => sample(None).await?,
        Behaviour::Refusing => refusing()?,
        Behaviour::Silent => task(raw::silent().await?),
        Behaviour::TlsWithoutHttp2 => task(raw::http1(tls::acceptor(&good()?, &[b"http/1.1"])?).await?),
        Behaviour::SpeaksGibberish => task(raw::gibberish(tls::acceptor(&good()?, &[b"h2"])?).await?),
        Behaviour::DeadMidStream => {
            task(raw::http2(tls::acceptor(&good()?, &[b"h2"])?, raw::Answer::DieMidStream).await?)
        }
        Behaviour::EndsWithoutStatus => {
            task(raw::http2(tls::acceptor(&good()?, &[b"h2"])?, raw::Answer::EndWithoutStatus).await?)
        }
        Behaviour::AnswersHtml(status) => {
            task(raw::http2(tls::acceptor(&good()?, &[b"h2"])?, raw::Answer::Html(status)).await?)
        }
    };
    Ok(Origin { behaviour, address, _keeper: keeper })
}

async fn sample(identity: Option<Identity>) -> anyhow::Result<(SocketAddr, Keeper)> {
    let config = match identity {
        Some(Identity { chain_pem, key_pem }) => Config {
            tls: Some(Tls { listen: ANY_PORT, key_pair: KeyPair { chain_pem, key_pem } }),
            h2c: None,
        },
        None => Config { tls: None, h2c: Some(ANY_PORT) },
    };
    let running = SampleOrigin::start(config).await?;
    let address = running.tls_addr.or(running.h2c_addr).context("the sample origin listens nowhere")?;
    Ok((address, Keeper::Sample(running)))
}

fn refusing() -> anyhow::Result<(SocketAddr, Keeper)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&ANY_PORT.into())?;
    let address = socket.local_addr()?.as_socket().context("not an internet address")?;
    Ok((address, Keeper::Socket(socket)))
}

fn task((address, handle): (SocketAddr, AbortHandle)) -> (SocketAddr, Keeper) {
    (address, Keeper::Task(Task(handle)))
}
