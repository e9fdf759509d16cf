//! The configuration in force: one writer, many readers, no locks on the reading side.

mod change;
mod live;
mod providers;
mod visitor_tls;

pub use change::{Change, OpenKey, Rejected};
pub use live::{LiveZone, NotLive};

use crate::origin::tls::OriginTrust;
use arc_swap::ArcSwap;
use policy::{
    hostname::{self, Hostname},
    id::ZoneId,
    object::ObjectHash,
    revision::Position,
};
use providers::Providers;
use rpds::HashTrieMapSync;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::watch;

/// Everything a node holds at one position. Copies share what did not change.
#[derive(Clone)]
pub struct Snapshot {
    position: Position,
    zones: HashTrieMapSync<Hostname, Arc<LiveZone>>,
    names: HashTrieMapSync<ZoneId, Hostname>,
    trust: HashTrieMapSync<ObjectHash, Arc<OriginTrust>>,
}

impl Snapshot {
    fn empty() -> Self {
        Self {
            position: Position::default(),
            zones: HashTrieMapSync::new_sync(),
            names: HashTrieMapSync::new_sync(),
            trust: HashTrieMapSync::new_sync(),
        }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// The zone with the longest name that `host` lies in; `host` is lower case and without trailing dot.
    pub fn zone_of(&self, host: &str) -> Option<&Arc<LiveZone>> {
        let mut name = Some(host);
        while let Some(candidate) = name {
            if let Some(zone) = self.zones.get(candidate) {
                return Some(zone);
            }
            name = hostname::parent(candidate);
        }
        None
    }

    pub fn zone(&self, id: ZoneId) -> Option<&Arc<LiveZone>> {
        self.names.get(&id).and_then(|name| self.zones.get(name))
    }

    pub fn zone_count(&self) -> usize {
        self.names.size()
    }
}

/// The snapshot in force. Readers take it with [`Current::load`]; only [`Current::apply`] replaces it.
pub struct Current {
    snapshot: ArcSwap<Snapshot>,
    writer: Mutex<()>,
    position: watch::Sender<Option<Position>>,
    stale: AtomicBool,
    providers: Providers,
    public_trust: Arc<OriginTrust>,
}

impl Current {
    /// A node that has learned nothing yet.
    pub fn new() -> Self {
        let providers = Providers::new();
        Self {
            snapshot: ArcSwap::from_pointee(Snapshot::empty()),
            writer: Mutex::new(()),
            position: watch::Sender::new(None),
            stale: AtomicBool::new(false),
            public_trust: Arc::new(OriginTrust::public(providers.all())),
            providers,
        }
    }

    pub fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Whether any configuration was ever applied, be it an empty one.
    pub fn is_configured(&self) -> bool {
        self.position.borrow().is_some()
    }

    /// Whether the control plane was not heard for so long that what is in force may be out of date. It stays in force.
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    pub fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::Relaxed);
    }

    /// The position in force as it moves; nothing before the first configuration.
    pub fn positions(&self) -> watch::Receiver<Option<Position>> {
        self.position.subscribe()
    }
}

impl Default for Current {
    fn default() -> Self {
        Self::new()
    }
}
