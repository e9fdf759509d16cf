//! From a goal to a place on a connection: resolve, judge, reuse or connect, one address after the other.

use super::{
    Destination, Failure, Goal, Origins, Sharing, UploadBody, Way,
    connect::connect,
    link::Link,
    pool::{Lease, Room, Slot, drive},
};
use hyper::client::conn::http1;
use policy::refusal::Refusal;
use std::{net::IpAddr, sync::Arc};
use tokio::time::{Instant, timeout_at};

/// Addresses of one origin that are tried for one request.
const ADDRESSES_TRIED_MAX: usize = 4;

struct Candidate {
    way: Way,
    slot: Arc<Slot>,
}

impl Origins {
    pub(super) async fn lease(&self, goal: &Goal<'_>) -> Result<Lease, Failure> {
        let deadline = Instant::now() + self.limits.connect_timeout;
        let candidates = self.reachable(goal, Sharing::Pooled, deadline).await?;
        let mut failure = Failure::from(Refusal::OriginUnreachable);
        for (tried, candidate) in candidates.iter().enumerate() {
            if let Some(lease) = candidate.slot.take(goal.streams_max) {
                return Ok(lease);
            }
            if tried > 0 && Instant::now() >= deadline {
                break;
            }
            match self.dial(goal, candidate, share(deadline, candidates.len() - tried)).await {
                Ok(lease) => return Ok(lease),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// A fresh HTTP/1.1 connection that nobody shares, with the room it takes.
    pub(super) async fn connect_alone(
        &self,
        goal: &Goal<'_>,
    ) -> Result<(http1::SendRequest<UploadBody>, Arc<Room>), Failure> {
        let deadline = Instant::now() + self.limits.connect_timeout;
        let candidates = self.reachable(goal, Sharing::Alone, deadline).await?;
        let mut failure = Failure::from(Refusal::OriginUnreachable);
        for (tried, candidate) in candidates.iter().enumerate() {
            match self.connect_to(goal, candidate, share(deadline, candidates.len() - tried)).await {
                Ok((Link::Http1(link), room)) => {
                    let room = Arc::new(room);
                    drive(link.driver, Arc::clone(&room));
                    return Ok((link.sender, room));
                }
                Ok((Link::Http2(_), _)) => failure = Refusal::OriginProtocolError.into(),
                Err(why) => {
                    candidate.slot.note_failure(why.clone());
                    failure = why;
                }
            }
        }
        Err(failure)
    }

    async fn connect_to(
        &self,
        goal: &Goal<'_>,
        candidate: &Candidate,
        deadline: Instant,
    ) -> Result<(Link, Room), Failure> {
        let Candidate { way, slot } = candidate;
        let room = self.pool.room(way.zone, slot).await?;
        let tls = goal.trust.client_config(way.tls, way.http);
        Ok((connect(way, tls, &self.limits, deadline).await?, room))
    }

    async fn reachable(
        &self,
        goal: &Goal<'_>,
        sharing: Sharing,
        deadline: Instant,
    ) -> Result<Vec<Candidate>, Failure> {
        match &goal.destination {
            Destination::Addresses(addresses) => self.candidates(goal, sharing, addresses),
            Destination::Name(name) => {
                let lookup = timeout_at(deadline, self.resolver.lookup(name));
                let late = |_| Failure::with(Refusal::OriginNotResolved, "no answer in time");
                self.candidates(goal, sharing, &lookup.await.map_err(late)??)
            }
        }
    }

    /// The addresses that may be connected to, in turn for each request, those that failed lately last.
    fn candidates(
        &self,
        goal: &Goal<'_>,
        sharing: Sharing,
        addresses: &[IpAddr],
    ) -> Result<Vec<Candidate>, Failure> {
        let mut forbidden = None;
        let mut candidates = Vec::with_capacity(addresses.len().min(ADDRESSES_TRIED_MAX));
        let start = if addresses.len() > 1 { self.pool.next_turn() } else { 0 };
        for offset in 0..addresses.len() {
            let ip = addresses[(start + offset) % addresses.len()];
            let way = Way::new(goal, ip, sharing);
            match self.rules.check(way.address) {
                Ok(()) => candidates.push(Candidate { slot: self.pool.slot(&way), way }),
                Err(why) => forbidden = Some(Failure::with(Refusal::OriginForbidden, why.to_string())),
            }
        }
        if candidates.is_empty() {
            return Err(forbidden.unwrap_or_else(|| Refusal::OriginNotResolved.into()));
        }
        if candidates.len() > 1 {
            candidates.sort_by_key(|candidate| candidate.slot.failed_recently());
            candidates.truncate(ADDRESSES_TRIED_MAX);
        }
        Ok(candidates)
    }

    async fn dial(
        &self,
        goal: &Goal<'_>,
        candidate: &Candidate,
        deadline: Instant,
    ) -> Result<Lease, Failure> {
        let slot = &candidate.slot;
        let from = Instant::now();
        let line = slot.stand_in_line();
        let _dialling = loop {
            let ended = line.a_dial_ends();
            if let Some(lease) = slot.take(goal.streams_max) {
                return Ok(lease);
            }
            if let Some(shared) = slot.failure_since(from) {
                return Err(shared);
            }
            if let Some(dialling) = line.turn(goal.streams_max) {
                break dialling;
            }
            let late = |_| Failure::with(Refusal::TooManyStreams, "no place on a connection in time");
            timeout_at(deadline, ended).await.map_err(late)?;
        };
        // Who waited for others has as much time for a dial of its own.
        let deadline = deadline + from.elapsed();
        let lease = match self.connect_to(goal, candidate, deadline).await {
            Ok((link, room)) => slot.admit(link, room),
            // Where all connections are taken, a stream may have ended in the meantime.
            Err(failure) => match slot.take(goal.streams_max) {
                Some(lease) => return Ok(lease),
                None => Err(failure),
            },
        };
        if let Err(failure) = &lease {
            slot.note_failure(failure.clone());
        }
        lease
    }
}

/// The moment until which one of the addresses that are left may be tried.
fn share(deadline: Instant, left: usize) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / u32::try_from(left).unwrap_or(1)
}
