//! How often a caller may ask: each has a bucket of requests that refills over five minutes.
//!
//! Callers are told apart by the hash of what they came with, so that one whose bucket is empty costs no question to the
//! database. Whoever comes with something that is not known to be valid is counted by address, and only where it turns out to
//! be invalid: guessing is slowed, and callers who share an address with somebody who guesses go on.

mod buckets;

use super::{
    error::{ApiError, Result},
    ray::Peer,
};
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};
use buckets::{Buckets, Empty, Size, Standing, WINDOW};
use jiff::{SignedDuration, Timestamp};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// Callers who are remembered, and as many addresses from which something invalid came: about 10 MB.
const BUCKETS_MAX: usize = 100_000;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The hash of credentials.
pub(super) type Presented = [u8; 32];

/// The buckets of everybody who calls this replica; cheap to clone.
#[derive(Clone)]
pub struct RateLimit(Option<Arc<Limiter>>);

struct Limiter {
    size: Size,
    /// Of credentials that were valid when they came before.
    callers: Mutex<Buckets<Presented>>,
    /// Of what was invalid, by where it came from.
    strangers: Mutex<Buckets<IpAddr>>,
}

/// Somebody at the door, whose credentials are still to be looked up.
pub(super) struct Visit<'a> {
    limiter: Option<&'a Limiter>,
    presented: Presented,
    address: IpAddr,
    now: Timestamp,
    slate: Option<Slate>,
    known: bool,
}

/// Where the standing of a request's caller is left for [`announce`].
#[derive(Debug, Clone, Default)]
struct Slate(Arc<OnceLock<Standing>>);

impl RateLimit {
    /// Lets each caller make `requests` requests in five minutes, up to a million; 0 means any number.
    pub fn new(requests: u32) -> Self {
        Self(Size::new(requests).map(|size| {
            let (callers, strangers) = (Buckets::new(BUCKETS_MAX), Buckets::new(BUCKETS_MAX));
            Arc::new(Limiter { size, callers: Mutex::new(callers), strangers: Mutex::new(strangers) })
        }))
    }

    /// Takes a request from the bucket of whoever was let in with the same credentials before. Others are looked up in any case:
    /// what somebody else at their address guessed does not speak against them.
    ///
    /// # Errors
    ///
    /// Their bucket is empty.
    pub(super) fn knock(&self, presented: Presented, parts: &Parts, now: Timestamp) -> Result<Visit<'_>> {
        let (address, slate) = (network(parts), parts.extensions.get::<Slate>().cloned());
        let mut visit = Visit { limiter: self.0.as_deref(), presented, address, now, slate, known: false };
        let Some(limiter) = visit.limiter else { return Ok(visit) };
        visit.known = lock(&limiter.callers).contains(&presented);
        if visit.known {
            visit.take(limiter)?;
        }
        Ok(visit)
    }
}

impl Visit<'_> {
    /// The credentials are valid.
    ///
    /// # Errors
    ///
    /// Others with the same credentials, who came at the same time, have emptied the bucket.
    pub(super) fn let_in(self) -> Result<()> {
        match self.limiter {
            Some(limiter) if !self.known => self.take(limiter),
            _ => Ok(()),
        }
    }

    /// The credentials are not valid, or not any more.
    pub(super) fn turn_away(self, error: ApiError) -> ApiError {
        let Some(limiter) = self.limiter else { return error };
        lock(&limiter.callers).remove(&self.presented);
        match lock(&limiter.strangers).take(self.address, limiter.size, self.now) {
            Ok(_) => error,
            Err(empty) => refused(empty),
        }
    }

    fn take(&self, limiter: &Limiter) -> Result<()> {
        let taken = lock(&limiter.callers).take(self.presented, limiter.size, self.now);
        let standing = taken.unwrap_or_else(|empty| empty.standing);
        if let Some(Slate(slate)) = &self.slate {
            slate.set(standing).ok();
        }
        taken.map(drop).map_err(refused)
    }
}

/// Tells every caller who was let in, or refused for asking too often, where they stand
/// (draft-ietf-httpapi-ratelimit-headers-09).
pub(super) async fn announce(mut request: Request, next: Next) -> Response {
    let slate = Slate::default();
    request.extensions_mut().insert(slate.clone());
    let mut response = next.run(request).await;
    if let Some(standing) = slate.0.get() {
        let Standing { size, remaining, full_in } = standing;
        let limit = format!("\"default\";r={remaining};t={}", whole_seconds(*full_in));
        let policy = format!("\"default\";q={size};w={}", WINDOW.as_secs());
        for (name, value) in [(RATELIMIT, limit), (RATELIMIT_POLICY, policy)] {
            response.headers_mut().extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
    }
    response
}

fn refused(empty: Empty) -> ApiError {
    ApiError::TooManyRequests { retry_after_seconds: whole_seconds(empty.retry_in).max(1) }
}

fn whole_seconds(duration: SignedDuration) -> u64 {
    let up = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().unsigned_abs() + up
}

/// Where a request comes from. Whoever has one address of IPv6 has the 2^64 of its network.
fn network(parts: &Parts) -> IpAddr {
    let address = parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    match address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

fn lock<Key>(buckets: &Mutex<Buckets<Key>>) -> MutexGuard<'_, Buckets<Key>> {
    buckets.lock().unwrap_or_else(PoisonError::into_inner)
}
