//! Names to addresses, with a cache that keeps to the time the DNS allows.

use super::Failure;
use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use policy::{hostname::Hostname, refusal::Refusal};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Addresses of one name that are considered; the rest is left out.
const ADDRESSES_MAX: usize = 8;
const CACHE_ENTRIES_MAX: u64 = 10_000;
/// However long the DNS allows, an answer is asked for again after this.
const TTL_MAX: Duration = Duration::from_secs(3600);
const TTL_NEGATIVE_MAX: Duration = Duration::from_secs(10);
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
const QUERY_ATTEMPTS: usize = 2;

#[derive(Clone)]
pub struct Resolver(Arc<TokioResolver>);

#[derive(Debug, thiserror::Error)]
#[error("the resolver cannot be set up: {0}")]
pub struct NoResolver(#[from] NetError);

impl Resolver {
    /// Asks these servers, or those of the system if there are none.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NoResolver> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            TokioResolver::builder_with_config(
                ResolverConfig::from_name_servers(servers),
                TokioRuntimeProvider::default(),
            )
        };
        let options = builder.options_mut();
        options.cache_size = CACHE_ENTRIES_MAX;
        options.positive_max_ttl = Some(TTL_MAX);
        options.negative_max_ttl = Some(TTL_NEGATIVE_MAX);
        options.timeout = QUERY_TIMEOUT;
        options.attempts = QUERY_ATTEMPTS;
        Ok(Self(Arc::new(builder.build()?)))
    }

    pub(super) async fn lookup(&self, name: &Hostname) -> Result<Vec<IpAddr>, Failure> {
        // Visitors read these words, so they tell nothing about the name or the servers.
        let unresolved = |why| Failure::with(Refusal::OriginNotResolved, why);
        // With the dot at its end a name is taken as it is, without the search domains of the machine.
        let answer = self.0.lookup_ip(format!("{name}.")).await;
        let addresses: Vec<_> = match answer {
            Ok(found) => found.iter().take(ADDRESSES_MAX).collect(),
            Err(error) if error.is_no_records_found() => return Err(unresolved("it has no addresses")),
            Err(error) => {
                tracing::warn!(%name, %error, "the name of an origin cannot be resolved");
                return Err(unresolved("the name servers did not answer"));
            }
        };
        if addresses.is_empty() { Err(unresolved("it has no addresses")) } else { Ok(addresses) }
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}
