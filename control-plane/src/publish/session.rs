//! One stream to one node, as a pure state machine: what the node has goes in, and each time it can take a message, the next
//! one comes out. It keeps no queue, only what it has sent; so a slow node gets fewer and larger updates, never older ones.

use super::{documents::Chunks, hub::Published};
use policy::{
    id::{FleetKeyId, NodeId},
    revision::Position,
};
use proto::{
    HEARTBEAT,
    chunk::{ChunkError, ChunkHash},
    envelope::RequestId,
    identity::{IdentityError, seal_fleet_key},
    statement::{Body, Speaker},
    v1,
    wire::position_to_proto,
};
use std::{collections::HashSet, sync::Arc, time::Instant};

/// What the node said when it came.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub node: NodeId,
    pub receiving_key: [u8; 32],
    pub request: RequestId,
    /// What it has, if the database knows that position; otherwise it gets everything, whatever it has.
    pub have: Option<Position>,
    /// Chunks it kept from a stream that was cut.
    pub held: HashSet<ChunkHash>,
    pub wants_ping: bool,
}

/// What is to be done next for this stream.
#[derive(Debug)]
pub enum Next {
    Send(Box<v1::Message>),
    /// Everything is to be sent, which not all nodes may ask for at once: call [`Session::admit`] when it may begin.
    AwaitAdmission,
    /// Nothing to say before then, unless something is published.
    WaitUntil(Instant),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    #[error("the documents cannot be encoded")]
    Encode(#[source] Arc<ChunkError>),
    #[error("a statement cannot be made")]
    Identity(#[from] IdentityError),
}

pub struct Session {
    node: NodeId,
    receiving_key: [u8; 32],
    request: RequestId,
    sequence: u64,
    greeted: bool,
    fleet_key: Option<FleetKeyId>,
    ping: bool,
    /// The history in which `have` stands.
    epoch: u64,
    have: Option<Position>,
    /// Until the first update is through.
    held: HashSet<ChunkHash>,
    sending: Option<Sending>,
    heartbeat_at: Instant,
}

struct Sending {
    to: Position,
    epoch: u64,
    chunks: Chunks,
    /// Index of the chunk that is next.
    next: usize,
}

impl Session {
    pub fn new(arrival: Arrival, epoch: u64, now: Instant) -> Self {
        Self {
            node: arrival.node,
            receiving_key: arrival.receiving_key,
            request: arrival.request,
            sequence: 0,
            greeted: false,
            fleet_key: None,
            ping: arrival.wants_ping,
            epoch,
            have: arrival.have,
            held: arrival.held,
            sending: None,
            heartbeat_at: now + HEARTBEAT,
        }
    }

    /// The next message, given what is published.
    pub fn next(
        &mut self,
        published: &Published,
        speaker: &Speaker<'_>,
        now: Instant,
    ) -> Result<Next, SessionError> {
        if !self.greeted {
            self.greeted = true;
            return Ok(self.say(speaker, Body::Hello(v1::Hello {}), now));
        }
        if let Some(chunk) = self.next_chunk() {
            return Ok(Next::Send(Box::new(v1::Message { kind: Some(v1::message::Kind::Chunk(chunk)) })));
        }
        // A key goes out before the first document that needs it: both come from the same view of the database.
        if self.fleet_key != Some(published.fleet_key.id()) {
            self.fleet_key = Some(published.fleet_key.id());
            let sealed =
                seal_fleet_key(&published.fleet_key, speaker.cluster, self.node, self.receiving_key)?;
            return Ok(self.say(speaker, Body::FleetKeys(v1::FleetKeys { keys: vec![sealed] }), now));
        }
        if std::mem::take(&mut self.ping) {
            let kind = Some(v1::task::Kind::Ping(v1::Ping {}));
            let id = format!("ping-{}", self.sequence);
            return Ok(self.say(speaker, Body::Task(v1::Task { id, kind }), now));
        }
        self.difference(published, speaker, now)
    }

    /// Begins to send everything. The caller has made sure that the chunks are encoded, which may take a while.
    pub fn admit(
        &mut self,
        published: &Published,
        speaker: &Speaker<'_>,
        now: Instant,
    ) -> Result<Next, SessionError> {
        let chunks = published.documents.everything().map_err(SessionError::Encode)?;
        Ok(self.begin(published, chunks, true, speaker, now))
    }

    fn difference(
        &mut self,
        published: &Published,
        speaker: &Speaker<'_>,
        now: Instant,
    ) -> Result<Next, SessionError> {
        let current = published.documents.position();
        let Some(have) = self.have.filter(|_| self.epoch == published.epoch) else {
            return Ok(Next::AwaitAdmission);
        };
        // A node can be ahead of this replica, which has not read so far yet.
        if have.revision >= current.revision {
            return Ok(self.heartbeat(current, speaker, now));
        }
        match published.documents.since(have.revision) {
            None => Ok(Next::AwaitAdmission),
            Some(chunks) => {
                let chunks = chunks.map_err(|error| SessionError::Encode(Arc::new(error)))?;
                Ok(self.begin(published, chunks, false, speaker, now))
            }
        }
    }

    fn begin(
        &mut self,
        published: &Published,
        chunks: Chunks,
        everything: bool,
        speaker: &Speaker<'_>,
        now: Instant,
    ) -> Next {
        let to = published.documents.position();
        let update = v1::Update {
            from: self.have.filter(|_| !everything).map(position_to_proto),
            to: Some(position_to_proto(to)),
            reset: everything,
            chunks: chunks.iter().map(|chunk| bytes::Bytes::copy_from_slice(&chunk.hash)).collect(),
        };
        self.sending = Some(Sending { to, epoch: published.epoch, chunks, next: 0 });
        self.finish_if_sent();
        self.say(speaker, Body::Update(update), now)
    }

    fn next_chunk(&mut self) -> Option<v1::Chunk> {
        let sending = self.sending.as_mut()?;
        let chunk = sending.chunks.get(sending.next)?;
        let data = chunk.data.clone();
        sending.next += 1;
        self.finish_if_sent();
        Some(v1::Chunk { data })
    }

    /// Skips what the node holds, and notes what it has once nothing is left to send.
    fn finish_if_sent(&mut self) {
        let Some(sending) = &mut self.sending else { return };
        while sending.chunks.get(sending.next).is_some_and(|chunk| self.held.contains(&chunk.hash)) {
            sending.next += 1;
        }
        if sending.next == sending.chunks.len() {
            self.have = Some(sending.to);
            self.epoch = sending.epoch;
            self.sending = None;
            self.held = HashSet::new();
        }
    }

    /// When something must be said next, if only that nothing is new.
    pub fn heartbeat_at(&self) -> Instant {
        self.heartbeat_at
    }

    /// A heartbeat if it is due.
    pub fn heartbeat(&mut self, latest: Position, speaker: &Speaker<'_>, now: Instant) -> Next {
        if now < self.heartbeat_at {
            return Next::WaitUntil(self.heartbeat_at);
        }
        let latest = Some(position_to_proto(latest));
        self.say(speaker, Body::Heartbeat(v1::Heartbeat { latest }), now)
    }

    fn say(&mut self, speaker: &Speaker<'_>, body: Body, now: Instant) -> Next {
        let statement = speaker.say(self.request, self.sequence, body);
        self.sequence += 1;
        self.heartbeat_at = now + HEARTBEAT;
        Next::Send(Box::new(v1::Message { kind: Some(v1::message::Kind::Statement(statement)) }))
    }
}
