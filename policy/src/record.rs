//! What a zone says about one name, as far as traffic is concerned.

use crate::{hostname::Hostname, origin::OriginSettings};
use std::net::IpAddr;

/// A name in a zone and what the edge does for it: the orange cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// Visitors meet the edge, which carries their requests to the target.
    Proxied { target: Target, origin: OriginSettings },
    /// DNS answers with the target itself; the edge refuses such a host.
    DnsOnly(Target),
    /// The name exists (other record types, or names below it), so that no wildcard speaks for it (RFC 4592, 2.2.2 and 3.3.1).
    Empty,
}

/// Where a name points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The A and AAAA records of the name, in a stable order; never empty.
    Addresses(Vec<IpAddr>),
    Cname(Hostname),
}

impl Name {
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Proxied { target, .. } | Self::DnsOnly(target) => Some(target),
            Self::Empty => None,
        }
    }
}
