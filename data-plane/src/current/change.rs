use super::{Current, LiveZone, NotLive, Snapshot};
use crate::origin::tls::OriginTrust;
use policy::{
    certificate::SealedKey,
    id::{CertificateId, ZoneId},
    object::{ObjectHash, TrustStore},
    revision::Position,
    zone::Zone,
};
use std::sync::{Arc, PoisonError};
use zeroize::Zeroizing;

/// One step from a snapshot to the next.
#[derive(Debug, Clone)]
pub enum Change {
    /// A zone in its complete newest form.
    Zone(Box<Zone>),
    RemoveZone(ZoneId),
    TrustStore(TrustStore),
    RemoveObject(ObjectHash),
    /// What was learned before is void; zones that are rejected in the same step still keep their last good form.
    Reset,
}

/// A zone that could not be put in force. Its last good form stays, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub zone: ZoneId,
    pub reason: String,
}

/// Opens a sealed private key (PKCS #8, DER); nothing if the fleet key is not at hand or the ciphertext was altered.
pub type OpenKey<'a> = &'a dyn Fn(&SealedKey, CertificateId) -> Option<Zeroizing<Vec<u8>>>;

impl Current {
    /// Puts changes in force, all at once, and says which zones could not follow.
    ///
    /// Objects are learned before the zones that refer to them and forgotten last, in whatever order they stand.
    pub fn apply(&self, changes: Vec<Change>, position: Position, keys: OpenKey<'_>) -> Vec<Rejected> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.snapshot.load_full();
        let reset = changes.iter().any(|change| matches!(change, Change::Reset));
        let mut next = Next {
            snapshot: if reset { Snapshot::empty() } else { (*before).clone() },
            before: &before,
            current: self,
            keys,
            rejected: Vec::new(),
        };
        next.snapshot.position = position;
        next.learn_objects(&changes);
        for change in changes {
            next.take(change);
        }
        let Next { snapshot, rejected, .. } = next;
        self.snapshot.store(Arc::new(snapshot));
        self.position.send_replace(Some(position));
        rejected
    }
}

struct Next<'a> {
    snapshot: Snapshot,
    before: &'a Snapshot,
    current: &'a Current,
    keys: OpenKey<'a>,
    rejected: Vec<Rejected>,
}

impl Next<'_> {
    fn learn_objects(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::TrustStore(store) = change {
                let trust = OriginTrust::with_store(self.current.providers.all(), store);
                self.snapshot.trust.insert_mut(store.hash(), Arc::new(trust));
            }
        }
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Zone(zone) => self.take_zone(*zone),
            Change::RemoveZone(id) => self.remove(id),
            Change::RemoveObject(hash) => {
                self.snapshot.trust.remove_mut(&hash);
            }
            Change::TrustStore(_) | Change::Reset => {}
        }
    }

    fn take_zone(&mut self, zone: Zone) {
        let id = zone.id;
        match self.live(zone) {
            Ok(live) => self.insert(Arc::new(live)),
            Err(why) => {
                self.rejected.push(Rejected { zone: id, reason: why.to_string() });
                if let Some(last_good) = self.before.zone(id) {
                    self.insert(Arc::clone(last_good));
                }
            }
        }
    }

    fn live(&self, zone: Zone) -> Result<LiveZone, NotLive> {
        let trust = match zone.trust_store {
            None => Arc::clone(&self.current.public_trust),
            Some(hash) => Arc::clone(self.snapshot.trust.get(&hash).ok_or(NotLive::TrustStoreMissing(hash))?),
        };
        let before = self.before.zone(zone.id).map(|zone| &**zone);
        LiveZone::new(zone, before, trust, &self.current.providers, self.keys)
    }

    fn insert(&mut self, live: Arc<LiveZone>) {
        let (id, name) = (live.zone.id, live.zone.name.clone());
        self.remove(id);
        if let Some(other) = self.snapshot.zones.get(&name).map(|zone| zone.zone.id) {
            self.snapshot.names.remove_mut(&other);
        }
        self.snapshot.names.insert_mut(id, name.clone());
        self.snapshot.zones.insert_mut(name, live);
    }

    fn remove(&mut self, id: ZoneId) {
        if let Some(name) = self.snapshot.names.get(&id).cloned() {
            self.snapshot.names.remove_mut(&id);
            self.snapshot.zones.remove_mut(&name);
        }
    }
}
