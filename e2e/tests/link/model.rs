//! A database, a publisher and a node without any network between them, and a hand that drops, repeats and alters messages.

use control_plane::publish::{
    documents::{Documents, Form},
    hub::Published,
    session::{Arrival, Next, Session},
};
use data_plane::{
    current::Change,
    follow::state::{Credentials, Fault, Heard, State},
};
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
    id::{AccountId, CertificateId, ClusterId, FleetKeyId, NodeId, ZoneId},
    revision::{Chain, Position, Revision},
    settings::Settings,
    zone::{Names, Zone},
};
use proto::{
    envelope::{self, Method, Turn},
    identity::{ReceivingKey, SigningKey},
    seal::FleetKey,
    statement::Speaker,
    v1,
    wire::{self, DocumentKey},
};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

pub(crate) const CLUSTER: ClusterId = ClusterId::from_bytes([1; 16]);
pub(crate) const NODE: NodeId = NodeId::from_bytes([2; 16]);

/// Numbers by chance, the same again for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}

#[derive(Clone, Default)]
pub(crate) struct Database {
    pub(crate) history: Vec<Position>,
    pub(crate) zones: BTreeMap<ZoneId, Zone>,
    /// The newest thing that happened to each zone: revision, and whether it is removed.
    outbox: BTreeMap<ZoneId, (Revision, bool)>,
}

impl Database {
    pub(crate) fn position(&self) -> Position {
        self.history.last().copied().unwrap_or_default()
    }

    fn knows(&self, position: Position) -> bool {
        self.history.contains(&position)
    }

    pub(crate) fn write(&mut self, chance: &mut Chance) {
        let revision = Revision(self.position().revision.0 + 1);
        for _ in 0..=chance.below(4) {
            let id = ZoneId::from_bytes([chance.below(40) as u8; 16]);
            let removed = chance.below(4) == 0 && self.zones.remove(&id).is_some();
            if !removed {
                self.zones.insert(id, zone(id, chance));
            }
            self.outbox.insert(id, (revision, removed));
        }
        // Chance stands for what the change was: two histories never have the same chain.
        let salt = chance.below(usize::MAX).to_be_bytes();
        let chain = Chain(Sha256::digest([self.position().chain.0.as_slice(), &salt].concat()).into());
        self.history.push(Position { revision, chain });
    }
}

/// A zone of a few hundred bytes, seldom of more than one chunk.
pub(crate) fn zone(id: ZoneId, chance: &mut Chance) -> Zone {
    let name = Hostname::parse(&format!("z{}.example.org", id.as_bytes()[0])).unwrap();
    let bytes = [300, 3000, 3000, 40_000, 1_500_000][chance.below(5).min(chance.below(5))];
    let filling: Vec<u8> = (0..bytes).map(|_| chance.below(256) as u8).collect();
    Zone {
        id,
        account: AccountId::from_bytes([3; 16]),
        names: Names::new(name.clone(), []),
        paused: chance.below(2) == 0,
        settings: Settings::default(),
        certificates: vec![Certificate {
            id: CertificateId::from_bytes([4; 16]),
            hosts: vec![name.clone()],
            chain: vec![filling],
            key: SealedKey { fleet_key: FleetKeyId::from_bytes([5; 16]), ciphertext: vec![6; 100] },
            not_after_unix: 1,
        }],
        trust_store: None,
        name,
    }
}

/// The control plane's side.
pub(crate) struct Publisher {
    pub(crate) key: SigningKey,
    pub(crate) published: Published,
}

impl Publisher {
    pub(crate) fn new() -> Self {
        let fleet_key = Arc::new(FleetKey::generate().unwrap());
        let documents = Arc::new(Documents::empty());
        let published = Published { epoch: 0, documents, fleet_key, members: Arc::default() };
        Self { key: SigningKey::generate().unwrap(), published }
    }

    pub(crate) fn speaker(&self) -> Speaker<'_> {
        Speaker { key: &self.key, cluster: CLUSTER }
    }

    /// The same steps as `Hub::refresh`, against the model of the database.
    pub(crate) fn refresh(&mut self, database: &Database) {
        let before = self.published.documents.position();
        let continues = before == Position::default() || database.knows(before);
        let base =
            if continues { Arc::clone(&self.published.documents) } else { Arc::new(Documents::empty()) };
        let since = base.position().revision;
        let touched = database.outbox.iter().filter(|(_, (revision, _))| *revision > since).map(
            |(id, (revision, removed))| {
                let form = if *removed {
                    Form::Removed
                } else {
                    Form::Published(wire::encode_zone(&database.zones[id]).unwrap())
                };
                (DocumentKey::Zone(*id), *revision, form)
            },
        );
        self.published.documents = Arc::new(base.advance(database.position(), touched));
        self.published.epoch += u64::from(!continues);
    }
}

/// The node's side, with what it would enforce.
pub(crate) struct Node {
    pub(crate) state: State,
    pub(crate) key: SigningKey,
    pub(crate) receiving: ReceivingKey,
    pub(crate) zones: BTreeMap<ZoneId, Zone>,
    turn: Turn,
}

impl Node {
    pub(crate) fn new(publisher: &Publisher) -> Self {
        let receiving = ReceivingKey::generate().unwrap();
        let credentials = Credentials {
            cluster: CLUSTER,
            node: NODE,
            publisher: publisher.key.public(),
            receiving: receiving.clone(),
        };
        let state = State::new(credentials, Instant::now());
        Self {
            state,
            key: SigningKey::generate().unwrap(),
            receiving,
            zones: BTreeMap::new(),
            turn: Turn::default(),
        }
    }

    /// Opens a stream, as the service does: what the database knows of the node's position decides.
    pub(crate) fn connect(&mut self, publisher: &Publisher, database: &Database) -> Session {
        let body = self.state.watch_body("test");
        self.turn.counter += 1;
        let (signed, request) =
            envelope::sign(&self.key, CLUSTER, Method::Watch, Some(NODE), self.turn, &body);
        self.state.begin(request);
        let opened = envelope::open::<v1::WatchBody>(&signed, CLUSTER, Method::Watch).unwrap();
        let have = wire::position_from_proto(opened.body.have).unwrap();
        let arrival = Arrival {
            node: NODE,
            receiving_key: self.receiving.public(),
            request: opened.request,
            have: database.knows(have).then_some(have),
            held: opened.body.chunks.iter().map(|hash| (**hash).try_into().unwrap()).collect(),
            wants_ping: false,
        };
        Session::new(arrival, publisher.published.epoch, Instant::now())
    }

    pub(crate) fn hear(&mut self, message: v1::Message) -> Result<Heard, Fault> {
        let zones = &mut self.zones;
        self.state.hear(message, Instant::now(), &mut |changes, _, _| {
            for change in changes {
                match change {
                    Change::Zone(zone) => drop(zones.insert(zone.id, *zone)),
                    Change::RemoveZone(id) => drop(zones.remove(&id)),
                    Change::TrustStore(_) | Change::RemoveObject(_) => {}
                    Change::Reset => zones.clear(),
                }
            }
            Vec::new()
        })
    }
}

/// The next message of a stream, if there is anything to say.
pub(crate) fn next(session: &mut Session, publisher: &Publisher) -> Option<v1::Message> {
    next_at(session, publisher, Instant::now())
}

pub(crate) fn next_at(session: &mut Session, publisher: &Publisher, now: Instant) -> Option<v1::Message> {
    let (published, speaker) = (&publisher.published, publisher.speaker());
    let next = match session.next(published, &speaker, now).unwrap() {
        Next::AwaitAdmission => session.admit(published, &speaker, now).unwrap(),
        next => next,
    };
    match next {
        Next::Send(message) => Some(*message),
        Next::AwaitAdmission => panic!("admitted already"),
        Next::WaitUntil(_) => None,
    }
}

/// Carries everything that is to be said, without mishap.
pub(crate) fn settle(session: &mut Session, publisher: &Publisher, node: &mut Node) {
    while let Some(message) = next(session, publisher) {
        node.hear(message).unwrap();
    }
}
