use super::{
    OpenKey,
    providers::Providers,
    visitor_tls::{InvalidCertificate, VisitorTls},
};
use crate::origin::tls::OriginTrust;
use policy::{object::ObjectHash, zone::Zone};
use rustls::ServerConfig;
use std::sync::Arc;

/// A zone with all that is derived from it once, so that no request pays for it.
pub struct LiveZone {
    pub zone: Zone,
    /// Whom this zone trusts to speak for its origins.
    pub trust: Arc<OriginTrust>,
    visitor_tls: VisitorTls,
}

/// Why a zone cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum NotLive {
    #[error("the trust store {0} is not known")]
    TrustStoreMissing(ObjectHash),
    #[error(transparent)]
    Certificate(#[from] InvalidCertificate),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl LiveZone {
    /// Certificates that did not change are taken over from the form before, and so are session tickets unless visitors are to
    /// encrypt in another way: what was agreed under the old choice is not resumed under the new one.
    pub(super) fn new(
        zone: Zone,
        before: Option<&Self>,
        trust: Arc<OriginTrust>,
        providers: &Providers,
        keys: OpenKey<'_>,
    ) -> Result<Self, NotLive> {
        let before = before.map(|live| (&live.zone, &live.visitor_tls));
        let visitor_tls = VisitorTls::new(&zone, before, providers, keys)?;
        Ok(Self { zone, trust, visitor_tls })
    }

    /// How to greet a visitor who asks for `host` and offers HTTP/1.1 or not; nothing if no certificate speaks for the host.
    ///
    /// With HTTP/2 off, a visitor who offers HTTP/1.1 gets it; one who does not is given HTTP/2, to be refused in words.
    pub fn server_config(&self, host: &str, offers_http1: bool) -> Option<&Arc<ServerConfig>> {
        if !self.visitor_tls.speaks_for(host) {
            return None;
        }
        let http1_only = !self.zone.settings.http2 && offers_http1;
        Some(if http1_only { &self.visitor_tls.http1 } else { &self.visitor_tls.http2 })
    }
}
