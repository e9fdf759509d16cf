//! How origins are reached: resolve, judge the address, connect as the SSL mode says, share connections within a zone.

mod connect;
mod dial;
mod exchange;
mod failure;
mod first_frame;
mod link;
mod pool;
mod resolve;
pub mod tls;
mod upload;
mod upload_limit;
mod websocket;

pub use exchange::{Answer, AnswerBody, Question};
pub use failure::Failure;
pub use resolve::{NoResolver, Resolver};
pub use upload::{Upload, UploadBody};
pub use upload_limit::UploadLimit;
pub use websocket::{Handshake, OriginSocket};

use policy::{
    address::OriginAddressRules,
    hostname::Hostname,
    id::ZoneId,
    object::ObjectHash,
    origin::{Leg, OriginHttp},
    ssl::OriginTls,
};
use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tls::OriginTrust;

/// Where a request is to be taken, as decided by its journey.
pub struct Goal<'a> {
    pub zone: ZoneId,
    pub trust: &'a Arc<OriginTrust>,
    pub leg: Leg,
    pub destination: Destination<'a>,
    /// For SNI and, where the certificate is checked, its name.
    pub server_name: Hostname,
    /// Requests at once on one HTTP/2 connection, if the origin allows as many.
    pub streams_max: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination<'a> {
    Addresses(Cow<'a, [IpAddr]>),
    /// To be resolved.
    Name(Hostname),
}

/// One way to an origin. Requests share a connection only if their ways are equal in all of this, so no two tenants ever do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Way {
    zone: ZoneId,
    address: SocketAddr,
    http: OriginHttp,
    tls: OriginTls,
    server_name: Option<Hostname>,
    trust: Option<ObjectHash>,
    sharing: Sharing,
}

/// Whether connections outlive one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Sharing {
    Pooled,
    /// One connection for one WebSocket, within what the zone may have and next to what is pooled.
    Alone,
}

impl Way {
    fn new(goal: &Goal<'_>, ip: IpAddr, sharing: Sharing) -> Self {
        let encrypted = goal.leg.tls != OriginTls::Plain;
        Self {
            zone: goal.zone,
            address: SocketAddr::new(ip, goal.leg.port),
            http: goal.leg.http,
            tls: goal.leg.tls,
            server_name: encrypted.then(|| goal.server_name.clone()),
            trust: if goal.leg.tls == OriginTls::Verified { goal.trust.id } else { None },
            sharing,
        }
    }
}

/// What bounds the work with origins, for one worker.
#[derive(Debug, Clone)]
pub struct OriginLimits {
    /// TCP, TLS and the first SETTINGS frame together, over all addresses of an origin.
    pub connect_timeout: Duration,
    /// A connection without requests is closed after this.
    pub idle_timeout: Duration,
    /// PINGs on connections with open streams. Many gRPC servers close the connection of a client that sends
    /// them more often than every five minutes.
    pub ping_interval: Duration,
    pub connections_per_way_max: usize,
    pub connections_per_zone_max: usize,
    pub connections_max: usize,
}

/// Every origin as one worker sees them: its resolver, its rules and its pool.
pub struct Origins {
    resolver: Resolver,
    rules: Arc<OriginAddressRules>,
    limits: OriginLimits,
    pool: pool::Pool,
}

impl Origins {
    pub fn new(resolver: Resolver, rules: Arc<OriginAddressRules>, limits: OriginLimits) -> Self {
        Self { resolver, rules, pool: pool::Pool::new(&limits), limits }
    }

    /// Closes what was idle for too long; to be called from time to time.
    pub fn sweep(&self) {
        self.pool.sweep(self.limits.idle_timeout);
    }

    pub fn connection_count(&self) -> usize {
        self.pool.connection_count()
    }
}
