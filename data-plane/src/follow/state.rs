//! What a node knows of the history, as a pure state machine: messages go in, verified changes come out.
//!
//! Nothing is believed that is not signed by the publisher for this very stream, and nothing is applied that does not join to
//! what is in force.

use super::assembly::{Assembly, KeptChunks};
use crate::current::{Change, OpenKey, Rejected};
use policy::{
    certificate::SealedKey,
    id::{CertificateId, ClusterId, NodeId},
    revision::Position,
};
use proto::{
    REJECTIONS_PER_REPORT_MAX,
    chunk::{Chunk, ChunkError},
    envelope::RequestId,
    identity::{IdentityError, ReceivingKey, VerifyingKey},
    seal::FleetKey,
    statement::{Body, Listener, StatementError},
    v1,
    wire::{self, Content, DecodeError, NotADocument, position_from_proto, position_to_proto},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// Without a message for so long the configuration may be out of date; it stays in force.
pub const STALE_AFTER: Duration = Duration::from_secs(60);
/// The current fleet key and those before it, for documents that are still sealed under them.
const FLEET_KEYS_MAX: usize = 4;

/// Who this node is, and whom it believes.
pub struct Credentials {
    pub cluster: ClusterId,
    pub node: NodeId,
    pub publisher: VerifyingKey,
    pub receiving: ReceivingKey,
}

/// Why a stream cannot be followed any further. What is in force stays so; the node comes again.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("there is no stream")]
    NoStream,
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("a fleet key does not open")]
    FleetKey(#[from] IdentityError),
    #[error("a message is malformed")]
    Malformed(#[from] DecodeError),
    #[error("an update from revision {from} came, but {have} is in force")]
    DoesNotJoin { from: u64, have: u64 },
    #[error("something else came before an update was complete")]
    Incomplete,
    #[error("a chunk came that no update announced")]
    UnexpectedChunk,
    #[error("the update cannot be put together")]
    Assembly(#[from] ChunkError),
    #[error("the update holds something that is no document")]
    NotADocument(#[from] NotADocument),
    #[error("the update announces too many chunks")]
    TooManyChunks,
}

/// What a message meant for those who drive this machine.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Nothing,
    /// The position in force moved.
    Applied,
    /// Something is to be done, and its result reported.
    Task(v1::Task),
}

/// Puts changes in force and says which zones could not follow; `Current::apply`, or a test's.
pub type Apply<'a> = &'a mut dyn FnMut(Vec<Change>, Position, OpenKey<'_>) -> Vec<Rejected>;

pub struct State {
    credentials: Credentials,
    have: Option<Position>,
    /// The keys of all documents there are at `have`.
    documents: BTreeSet<String>,
    rejected: BTreeMap<String, DecodeError>,
    fleet_keys: VecDeque<FleetKey>,
    kept: KeptChunks,
    stream: Option<Stream>,
    heard_at: Instant,
}

struct Stream {
    listener: Listener,
    assembly: Option<Assembly>,
}

impl State {
    pub fn new(credentials: Credentials, now: Instant) -> Self {
        Self {
            credentials,
            have: None,
            documents: BTreeSet::new(),
            rejected: BTreeMap::new(),
            fleet_keys: VecDeque::new(),
            kept: KeptChunks::default(),
            stream: None,
            heard_at: now,
        }
    }

    /// Goes on as what may be another node: what is in force stays.
    pub fn become_node(&mut self, credentials: Credentials) -> &mut Self {
        self.credentials = credentials;
        self
    }

    pub fn have(&self) -> Option<Position> {
        self.have
    }

    /// The keys of the documents there are at the position in force, rejected ones included.
    pub fn documents(&self) -> &BTreeSet<String> {
        &self.documents
    }

    pub fn is_stale(&self, now: Instant) -> bool {
        now.duration_since(self.heard_at) >= STALE_AFTER
    }

    /// What to ask for: everything after what is in force, without the chunks that are already here.
    pub fn watch_body(&mut self, version: &str) -> v1::WatchBody {
        v1::WatchBody {
            have: self.have.map(position_to_proto),
            chunks: self.kept.offer(),
            version: version.to_owned(),
            features: wire::FEATURES.map(str::to_owned).to_vec(),
        }
    }

    /// A stream was opened with this request.
    pub fn begin(&mut self, request: RequestId) {
        let listener = Listener::new(self.credentials.publisher, self.credentials.cluster, request);
        self.stream = Some(Stream { listener, assembly: None });
    }

    /// The stream ended. Verified chunks are kept for the next one.
    pub fn end(&mut self) {
        self.stream = None;
    }

    /// Takes the next message of the stream.
    ///
    /// # Errors
    ///
    /// The stream is of no more use, and is forgotten.
    pub fn hear(&mut self, message: v1::Message, now: Instant, apply: Apply<'_>) -> Result<Heard, Fault> {
        let heard = match message.kind {
            Some(v1::message::Kind::Statement(statement)) => self.hear_statement(&statement, apply),
            Some(v1::message::Kind::Chunk(chunk)) => self.hear_chunk(chunk, apply),
            // A newer publisher's message, meant for newer nodes.
            None => Ok(Heard::Nothing),
        };
        match heard {
            Ok(_) => self.heard_at = now,
            Err(_) => self.stream = None,
        }
        heard
    }

    /// What is in force, as it is reported.
    pub fn report(&self, version: &str, results: Vec<v1::TaskResult>) -> v1::ReportBody {
        let rejected = self.rejected.iter().take(REJECTIONS_PER_REPORT_MAX);
        v1::ReportBody {
            applied: self.have.map(position_to_proto),
            rejected: rejected.map(|(document, why)| rejection(document, why)).collect(),
            rejected_total: u32::try_from(self.rejected.len()).unwrap_or(u32::MAX),
            results,
            version: version.to_owned(),
        }
    }

    /// Opens a private key with the fleet key it is sealed under.
    pub fn open_key(&self, sealed: &SealedKey, certificate: CertificateId) -> Option<Zeroizing<Vec<u8>>> {
        let key = self.fleet_keys.iter().find(|key| key.id() == sealed.fleet_key)?;
        key.open_private_key(certificate, sealed).ok()
    }

    fn hear_statement(&mut self, statement: &v1::Statement, apply: Apply<'_>) -> Result<Heard, Fault> {
        let stream = self.stream.as_mut().ok_or(Fault::NoStream)?;
        let body = stream.listener.hear(statement)?;
        // Chunks follow their update at once: one was lost if anything else comes.
        if stream.assembly.is_some() {
            return Err(Fault::Incomplete);
        }
        match body {
            Some(Body::FleetKeys(keys)) => {
                keys.keys.iter().try_for_each(|key| self.learn_fleet_key(key))?;
                Ok(Heard::Nothing)
            }
            Some(Body::Update(update)) => {
                stream.assembly = Some(Assembly::begin(update, self.have, &mut self.kept)?);
                self.apply_if_complete(apply)
            }
            Some(Body::Task(task)) => Ok(Heard::Task(task)),
            Some(Body::Hello(_) | Body::Heartbeat(_) | Body::Enrolled(_)) | None => Ok(Heard::Nothing),
        }
    }

    fn hear_chunk(&mut self, chunk: v1::Chunk, apply: Apply<'_>) -> Result<Heard, Fault> {
        let stream = self.stream.as_mut().ok_or(Fault::NoStream)?;
        let assembly = stream.assembly.as_mut().ok_or(Fault::UnexpectedChunk)?;
        assembly.take(Chunk::from_data(chunk.data), &mut self.kept)?;
        self.apply_if_complete(apply)
    }

    fn learn_fleet_key(&mut self, sealed: &v1::SealedFleetKey) -> Result<(), IdentityError> {
        let Credentials { cluster, node, receiving, .. } = &self.credentials;
        let key = receiving.open(*cluster, *node, sealed)?;
        self.fleet_keys.retain(|known| known.id() != key.id());
        self.fleet_keys.push_front(key);
        self.fleet_keys.truncate(FLEET_KEYS_MAX);
        Ok(())
    }

    fn apply_if_complete(&mut self, apply: Apply<'_>) -> Result<Heard, Fault> {
        let Some(stream) = &mut self.stream else { return Err(Fault::NoStream) };
        let Some(assembly) = stream.assembly.take_if(|assembly| assembly.is_complete()) else {
            return Ok(Heard::Nothing);
        };
        let (to, reset) = (assembly.to(), assembly.reset());
        let documents = assembly.documents(&self.kept);
        self.kept.clear();
        let documents = documents?.iter().map(|bytes| wire::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
        let changes = self.changes(documents, reset);
        let rejected = apply(changes, to, &|sealed, certificate| self.open_key(sealed, certificate));
        for Rejected { zone, reason } in rejected {
            let why = DecodeError::Invalid { field: "zone".to_owned(), reason };
            self.rejected.insert(format!("zone/{zone}"), why);
        }
        self.have = Some(to);
        Ok(Heard::Applied)
    }

    /// What is to be put in force. After a reset all that did not come is gone; but what came and is not understood keeps its
    /// last good form, which is why a reset is spelled out as removals.
    fn changes(&mut self, documents: Vec<wire::Document>, reset: bool) -> Vec<Change> {
        let mut changes = Vec::with_capacity(documents.len());
        if reset {
            let present: BTreeSet<&str> = documents.iter().map(|document| document.key.as_str()).collect();
            let gone = self.documents.iter().filter(|key| !present.contains(key.as_str()));
            changes.extend(gone.filter_map(|key| removal(key)));
            self.documents.clear();
            self.rejected.clear();
        }
        for document in documents {
            self.rejected.remove(&document.key);
            self.documents.insert(document.key.clone());
            match document.content {
                Ok(Content::Zone(zone)) => changes.push(Change::Zone(zone)),
                Ok(Content::TrustStore(store)) => changes.push(Change::TrustStore(store)),
                Ok(Content::ZoneRemoved(_) | Content::ObjectRemoved(_) | Content::OtherRemoved) => {
                    self.documents.remove(&document.key);
                    changes.extend(removal(&document.key));
                }
                Err(why) => drop(self.rejected.insert(document.key, why)),
            }
        }
        changes
    }
}

fn removal(key: &str) -> Option<Change> {
    match key.parse().ok()? {
        wire::DocumentKey::Zone(id) => Some(Change::RemoveZone(id)),
        wire::DocumentKey::Object(hash) => Some(Change::RemoveObject(hash)),
        wire::DocumentKey::Global(_) => None,
    }
}

fn rejection(document: &str, why: &DecodeError) -> v1::Rejection {
    use v1::rejection::Reason;
    let reason = match why {
        DecodeError::NeedsNewerNode(what) => {
            Reason::NeedsNewerNode(v1::NeedsNewerNode { what: what.clone() })
        }
        DecodeError::Invalid { .. } => Reason::Invalid(v1::Invalid { reason: why.to_string() }),
    };
    v1::Rejection { document: document.to_owned(), reason: Some(reason) }
}

/// Reads a position out of a message.
pub(super) fn position(position: Option<v1::Position>) -> Result<Position, Fault> {
    Ok(position_from_proto(position)?)
}
