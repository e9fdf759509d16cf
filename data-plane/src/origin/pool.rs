//! Open connections by way, for one worker.

use super::{
    Failure, OriginLimits, Sharing, UploadBody, Way,
    link::{Driver, Link, StreamPermit},
};
use hyper::client::conn::{http1, http2};
use policy::{id::ZoneId, origin::OriginHttp, refusal::Refusal};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, futures::Notified},
    time::{Instant, timeout},
};

/// An address that failed is tried after the others for this long.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(5);

/// Connections of one way that are made at once, if they will be shared.
const DIALS_MAX: usize = 8;

/// How long a request waits for room when every connection that is allowed is open.
const ROOM_WAIT: Duration = Duration::from_millis(500);

pub(super) struct Pool {
    slots: Mutex<HashMap<Way, Arc<Slot>>>,
    zones: Mutex<HashMap<ZoneId, Arc<Semaphore>>>,
    connections: Arc<Semaphore>,
    connections_max: usize,
    per_zone_max: usize,
    per_way_max: usize,
    turn: AtomicUsize,
}

impl Pool {
    pub(super) fn new(limits: &OriginLimits) -> Self {
        Self {
            slots: Mutex::default(),
            zones: Mutex::default(),
            connections: Arc::new(Semaphore::new(limits.connections_max)),
            connections_max: limits.connections_max,
            per_zone_max: limits.connections_per_zone_max,
            per_way_max: limits.connections_per_way_max,
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn slot(&self, way: &Way) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(way) {
            return Arc::clone(slot);
        }
        let connections_max = match way.sharing {
            Sharing::Pooled => self.per_way_max,
            Sharing::Alone => self.per_zone_max,
        };
        let slot = Arc::new(Slot::new(way.http, connections_max));
        slots.insert(way.clone(), Arc::clone(&slot));
        slot
    }

    /// Where among several addresses the next request begins.
    pub(super) fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// Room for one more connection, for as long as the permits live. Idle connections of the zone make way.
    pub(super) async fn room(&self, zone: ZoneId, slot: &Slot) -> Result<Room, Failure> {
        let shares = [Arc::clone(&slot.connections), self.zone_share(zone), Arc::clone(&self.connections)];
        if shares.iter().any(|share| share.available_permits() == 0) {
            self.close_idle(zone);
        }
        let all = async {
            let [way, zone, all] = shares;
            Some(Room {
                _permits: [
                    way.acquire_owned().await.ok()?,
                    zone.acquire_owned().await.ok()?,
                    all.acquire_owned().await.ok()?,
                ],
            })
        };
        let room = timeout(ROOM_WAIT, all).await.ok().flatten();
        room.ok_or_else(|| {
            Failure::with(Refusal::TooManyStreams, "no more connections to this origin are allowed")
        })
    }

    fn zone_share(&self, zone: ZoneId) -> Arc<Semaphore> {
        Arc::clone(
            lock(&self.zones).entry(zone).or_insert_with(|| Arc::new(Semaphore::new(self.per_zone_max))),
        )
    }

    fn close_idle(&self, zone: ZoneId) {
        for (_, slot) in lock(&self.slots).iter().filter(|(way, _)| way.zone == zone) {
            slot.sweep(Duration::ZERO);
        }
    }

    pub(super) fn connection_count(&self) -> usize {
        self.connections_max - self.connections.available_permits()
    }

    /// Closes connections that were idle for `idle_max`, and forgets ways that have none.
    pub(super) fn sweep(&self, idle_max: Duration) {
        let mut slots = lock(&self.slots);
        slots.retain(|_, slot| slot.sweep(idle_max) || Arc::strong_count(slot) > 1);
        lock(&self.zones)
            .retain(|_, share| Arc::strong_count(share) > 1 || share.available_permits() < self.per_zone_max);
    }
}

pub(super) struct Room {
    _permits: [OwnedSemaphorePermit; 3],
}

/// The connections of one way.
pub(super) struct Slot {
    state: Mutex<State>,
    dial_ended: Notify,
    connections: Arc<Semaphore>,
}

struct State {
    /// Whether connections are shared; under ALPN it is found out by the first one.
    multiplexed: bool,
    /// Requests without a place, those that make a connection included.
    in_line: usize,
    /// Connections that are being made.
    dialling: usize,
    http2: Vec<Multiplexed>,
    http1: Vec<Idle>,
    failure: Option<(Instant, Failure)>,
}

struct Multiplexed {
    sender: http2::SendRequest<UploadBody>,
    streams: Arc<AtomicUsize>,
    streams_allowed: usize,
    idle_since: Option<Instant>,
}

struct Idle {
    sender: http1::SendRequest<UploadBody>,
    since: Instant,
}

/// The right to send one request.
pub(super) enum Lease {
    Http1(http1::SendRequest<UploadBody>, Arc<Slot>),
    Http2(http2::SendRequest<UploadBody>, StreamPermit),
}

impl Slot {
    fn new(http: OriginHttp, connections_max: usize) -> Self {
        let multiplexed = http != OriginHttp::Http1;
        let state = State {
            multiplexed,
            in_line: 0,
            dialling: 0,
            http2: Vec::new(),
            http1: Vec::new(),
            failure: None,
        };
        let connections = Arc::new(Semaphore::new(connections_max));
        Self { state: Mutex::new(state), dial_ended: Notify::new(), connections }
    }

    pub(super) fn stand_in_line(&self) -> Line<'_> {
        lock(&self.state).in_line += 1;
        Line { slot: self }
    }

    /// A place on an open connection: the least busy of the shared ones, or the one used last.
    ///
    /// `streams_max` is what the zone wants now; streams that were let in before stay.
    pub(super) fn take(self: &Arc<Self>, streams_max: usize) -> Option<Lease> {
        let mut state = lock(&self.state);
        state.http2.retain(|connection| !connection.sender.is_closed());
        let least_busy =
            state.http2.iter().min_by_key(|connection| connection.streams.load(Ordering::Relaxed));
        if let Some(connection) = least_busy
            && let Some(permit) =
                StreamPermit::take(&connection.streams, connection.streams_allowed.min(streams_max))
        {
            return Some(Lease::Http2(connection.sender.clone(), permit));
        }
        while let Some(idle) = state.http1.pop() {
            if idle.sender.is_ready() {
                return Some(Lease::Http1(idle.sender, Arc::clone(self)));
            }
        }
        None
    }

    /// Takes in a fresh connection, has it driven, and gives its first place away.
    pub(super) fn admit(self: &Arc<Self>, link: Link, room: Room) -> Result<Lease, Failure> {
        let mut state = lock(&self.state);
        state.failure = None;
        match link {
            Link::Http1(link) => {
                state.multiplexed = false;
                drive(link.driver, room);
                Ok(Lease::Http1(link.sender, Arc::clone(self)))
            }
            Link::Http2(link) => {
                state.multiplexed = true;
                drive(link.driver, room);
                let streams = Arc::default();
                let permit = StreamPermit::take(&streams, link.streams_allowed)
                    .ok_or_else(|| Failure::with(Refusal::OriginSilent, "the origin allows no streams"))?;
                let (sender, streams_allowed) = (link.sender, link.streams_allowed);
                let lease = Lease::Http2(sender.clone(), permit);
                state.http2.push(Multiplexed { sender, streams, streams_allowed, idle_since: None });
                Ok(lease)
            }
        }
    }

    /// Waits until an HTTP/1.1 connection is ready again and keeps it for the next request.
    pub(super) fn give_back(self: Arc<Self>, mut sender: http1::SendRequest<UploadBody>) {
        // Outside a runtime the process is ending and so is the connection.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if sender.ready().await.is_ok() {
                lock(&self.state).http1.push(Idle { sender, since: Instant::now() });
            }
        });
    }

    pub(super) fn note_failure(&self, failure: Failure) {
        lock(&self.state).failure = Some((Instant::now(), failure));
    }

    /// How the attempt of another request went that ended after `moment`.
    pub(super) fn failure_since(&self, moment: Instant) -> Option<Failure> {
        lock(&self.state).failure.as_ref().filter(|(at, _)| *at >= moment).map(|(_, failure)| failure.clone())
    }

    pub(super) fn failed_recently(&self) -> bool {
        lock(&self.state).failure.as_ref().is_some_and(|(at, _)| at.elapsed() < FAILURE_REMEMBERED)
    }

    /// Whether anything is left to keep.
    fn sweep(&self, idle_max: Duration) -> bool {
        let mut state = lock(&self.state);
        state.http1.retain(|idle| idle.sender.is_ready() && idle.since.elapsed() < idle_max);
        state.http2.retain_mut(|connection| connection.is_worth_keeping(idle_max));
        !state.http1.is_empty() || !state.http2.is_empty()
    }
}

/// A request that waits for a place, or makes a connection to have one.
pub(super) struct Line<'a> {
    slot: &'a Slot,
}

/// A connection that is being made; its end is told to those in line.
pub(super) struct Dialling<'a> {
    slot: &'a Slot,
}

impl<'a> Line<'a> {
    /// Of all that end from now on, whenever this is awaited.
    pub(super) fn a_dial_ends(&self) -> Notified<'a> {
        self.slot.dial_ended.notified()
    }

    /// The right to make a connection, if those that are being made, once shared, have no place for everybody in line.
    pub(super) fn turn(&self, streams_max: usize) -> Option<Dialling<'a>> {
        let mut state = lock(&self.slot.state);
        let places = state.http2.last().map_or(streams_max, |newest| newest.streams_allowed.min(streams_max));
        let more_are_needed = state.dialling == 0
            || (state.dialling < DIALS_MAX && state.in_line > state.dialling.saturating_mul(places));
        if state.multiplexed && !more_are_needed {
            return None;
        }
        state.dialling += 1;
        Some(Dialling { slot: self.slot })
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        lock(&self.slot.state).in_line -= 1;
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        lock(&self.slot.state).dialling -= 1;
        self.slot.dial_ended.notify_waiters();
    }
}

impl Multiplexed {
    fn is_worth_keeping(&mut self, idle_max: Duration) -> bool {
        if self.streams.load(Ordering::Acquire) > 0 {
            self.idle_since = None;
        } else {
            self.idle_since.get_or_insert_with(Instant::now);
        }
        !self.sender.is_closed() && self.idle_since.is_none_or(|since| since.elapsed() < idle_max)
    }
}

/// Has a connection driven to its end, and holds its place until then.
pub(super) fn drive<P: Send + 'static>(driver: Driver, place: P) {
    tokio::spawn(async move {
        driver.await;
        drop(place);
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
