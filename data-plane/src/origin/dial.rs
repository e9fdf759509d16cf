//! From a goal to a place on a connection: resolve, judge, reuse or connect, one address after the other.

use super::{
    Destination, Failure, Goal, Origins, Way,
    connect::connect,
    pool::{Lease, Slot},
};
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
        let resolved;
        let addresses = match &goal.destination {
            Destination::Addresses(addresses) => addresses.as_ref(),
            Destination::Name(name) => {
                let lookup = timeout_at(deadline, self.resolver.lookup(name));
                let late = |_| Failure::with(Refusal::OriginNotResolved, "no answer in time");
                resolved = lookup.await.map_err(late)??;
                &resolved
            }
        };
        let candidates = self.candidates(goal, addresses)?;
        let mut failure = Failure::from(Refusal::OriginUnreachable);
        for (tried, candidate) in candidates.iter().enumerate() {
            if let Some(lease) = candidate.slot.take(goal.streams_max) {
                return Ok(lease);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(candidates.len() - tried).unwrap_or(1);
            match self.dial(goal, candidate, Instant::now() + share).await {
                Ok(lease) => return Ok(lease),
                Err(why) => failure = why,
            }
        }
        Err(failure)
    }

    /// The addresses that may be connected to, in turn for each request, those that failed lately last.
    fn candidates(&self, goal: &Goal<'_>, addresses: &[IpAddr]) -> Result<Vec<Candidate>, Failure> {
        let mut forbidden = None;
        let mut candidates = Vec::with_capacity(addresses.len().min(ADDRESSES_TRIED_MAX));
        let start = if addresses.len() > 1 { self.pool.next_turn() } else { 0 };
        for offset in 0..addresses.len() {
            let ip = addresses[(start + offset) % addresses.len()];
            let way = Way::new(goal, ip);
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
        let Candidate { way, slot } = candidate;
        let from = Instant::now();
        let _turn = if slot.is_multiplexed() {
            Some(timeout_at(deadline, slot.turn.lock()).await.map_err(|_| Refusal::OriginConnectTimeout)?)
        } else {
            None
        };
        if let Some(lease) = slot.take(goal.streams_max) {
            return Ok(lease);
        }
        if let Some(shared) = slot.failure_since(from) {
            return Err(shared);
        }
        let connected = async {
            let room = match self.pool.room(way.zone, slot).await {
                Ok(room) => room,
                // A stream may have ended in the meantime.
                Err(full) => return slot.take(goal.streams_max).ok_or(full),
            };
            let tls = goal.trust.client_config(way.tls, way.http);
            slot.admit(connect(way, tls, &self.limits, deadline).await?, room)
        };
        let lease = connected.await;
        if let Err(failure) = &lease {
            slot.note_failure(failure.clone());
        }
        lease
    }
}
