//! Everything published, in its newest form, each document encoded once. A value: a newer one shares what did not change.

use bytes::Bytes;
use policy::revision::{Position, Revision};
use proto::{
    chunk::{self, Chunk, ChunkError, ChunkHash},
    wire::{self, DocumentKey},
};
use rpds::RedBlackTreeMapSync;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// How many removals are remembered for nodes that were away; a node that was away longer gets everything.
const REMOVALS_MAX: usize = 100_000;
/// How many different updates to one position are kept encoded, one for each position that nodes come from.
const UPDATES_KEPT_MAX: usize = 64;

/// What became of a document at a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    Published(Bytes),
    Removed,
}

#[derive(Debug, Clone)]
struct Entry {
    revision: Revision,
    form: Form,
}

/// Chunks as they are sent, shared by every stream that needs them.
pub type Chunks = Arc<[Chunk]>;

#[derive(Debug)]
pub struct Documents {
    position: Position,
    entries: RedBlackTreeMapSync<DocumentKey, Entry>,
    by_revision: RedBlackTreeMapSync<(Revision, DocumentKey), ()>,
    /// Removals alone, oldest first.
    removals: RedBlackTreeMapSync<(Revision, DocumentKey), ()>,
    /// Removals at or before this revision may be forgotten.
    complete_since: Revision,
    everything: OnceLock<Result<Chunks, Arc<ChunkError>>>,
    updates: Mutex<HashMap<Revision, Chunks>>,
    /// Chunks of the last time that everything was encoded, by the hash of their content.
    encoded: Arc<Mutex<HashMap<ChunkHash, Chunk>>>,
}

impl Documents {
    /// No documents at all, before the first revision.
    pub fn empty() -> Self {
        Self {
            position: Position::default(),
            entries: RedBlackTreeMapSync::new_sync(),
            by_revision: RedBlackTreeMapSync::new_sync(),
            removals: RedBlackTreeMapSync::new_sync(),
            complete_since: Revision(0),
            everything: OnceLock::new(),
            updates: Mutex::default(),
            encoded: Arc::default(),
        }
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.entries.size() - self.removals.size()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The documents at a later position, given what was touched on the way.
    pub fn advance(
        &self,
        position: Position,
        touched: impl IntoIterator<Item = (DocumentKey, Revision, Form)>,
    ) -> Self {
        let mut next = Self {
            position,
            entries: self.entries.clone(),
            by_revision: self.by_revision.clone(),
            removals: self.removals.clone(),
            complete_since: self.complete_since,
            everything: OnceLock::new(),
            updates: Mutex::default(),
            encoded: Arc::clone(&self.encoded),
        };
        for (key, revision, form) in touched {
            next.touch(key, revision, form);
        }
        next.forget_old_removals();
        next
    }

    /// The chunks that bring a node from nothing to here. Encoding is work for the first who asks.
    pub fn everything(&self) -> Result<Chunks, Arc<ChunkError>> {
        self.everything.get_or_init(|| self.encode_everything().map_err(Arc::new)).clone()
    }

    /// The chunks that bring a node from `revision` of this history to here; none if that is too long ago.
    pub fn since(&self, revision: Revision) -> Option<Result<Chunks, ChunkError>> {
        if revision < self.complete_since {
            return None;
        }
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chunks) = updates.get(&revision) {
            return Some(Ok(Arc::clone(chunks)));
        }
        Some(self.encode_since(revision).inspect(|chunks| {
            if updates.len() < UPDATES_KEPT_MAX {
                updates.insert(revision, Arc::clone(chunks));
            }
        }))
    }

    fn touch(&mut self, key: DocumentKey, revision: Revision, form: Form) {
        if let Some(before) = self.entries.get(&key) {
            let place = (before.revision, key.clone());
            self.by_revision.remove_mut(&place);
            self.removals.remove_mut(&place);
        }
        self.by_revision.insert_mut((revision, key.clone()), ());
        if form == Form::Removed {
            self.removals.insert_mut((revision, key.clone()), ());
        }
        self.entries.insert_mut(key, Entry { revision, form });
    }

    fn forget_old_removals(&mut self) {
        while self.removals.size() > REMOVALS_MAX {
            let Some((place, ())) = self.removals.first().map(|(place, ())| (place.clone(), ())) else {
                return;
            };
            self.removals.remove_mut(&place);
            self.by_revision.remove_mut(&place);
            self.entries.remove_mut(&place.1);
            self.complete_since = place.0;
        }
    }

    fn encode_everything(&self) -> Result<Chunks, ChunkError> {
        let published = self.entries.iter().filter_map(|(key, entry)| match &entry.form {
            Form::Published(bytes) => Some((key.to_string(), bytes.clone())),
            Form::Removed => None,
        });
        let mut before = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        let mut encoded = HashMap::new();
        let mut chunks = Vec::new();
        for piece in cut(published) {
            let content: ChunkHash = Sha256::digest(&piece).into();
            let chunk = match before.remove(&content) {
                Some(chunk) => chunk,
                None => Chunk::compress(&piece)?,
            };
            encoded.insert(content, chunk.clone());
            chunks.push(chunk);
        }
        *before = encoded;
        Ok(chunks.into())
    }

    fn encode_since(&self, revision: Revision) -> Result<Chunks, ChunkError> {
        let after = (Revision(revision.0 + 1), DocumentKey::Global(String::new()));
        let mut keys: Vec<&DocumentKey> = self.by_revision.range(after..).map(|((_, key), ())| key).collect();
        keys.sort();
        let touched = keys.into_iter().filter_map(|key| {
            let bytes = match &self.entries.get(key)?.form {
                Form::Published(bytes) => bytes.clone(),
                Form::Removed => wire::encode_removed(key),
            };
            Some((key.to_string(), bytes))
        });
        cut(touched).iter().map(|piece| Chunk::compress(piece)).collect()
    }
}

fn cut(documents: impl Iterator<Item = (String, Bytes)>) -> Vec<Vec<u8>> {
    let documents: Vec<_> = documents.collect();
    chunk::cut(documents.iter().map(|(key, bytes)| (key.as_str(), bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{id::ZoneId, revision::Chain};
    use proto::chunk::Assembler;

    fn key(index: u8) -> DocumentKey {
        DocumentKey::Zone(ZoneId::from_bytes([index; 16]))
    }

    fn at(revision: u64) -> Position {
        Position { revision: Revision(revision), chain: Chain([revision as u8; 32]) }
    }

    fn published(text: &'static str) -> Form {
        Form::Published(Bytes::from_static(text.as_bytes()))
    }

    fn read(chunks: &[Chunk]) -> Vec<Bytes> {
        let mut assembler = Assembler::default();
        chunks.iter().for_each(|chunk| assembler.push(chunk).expect("a chunk"));
        assembler.finish().expect("documents")
    }

    #[test]
    fn an_update_has_each_document_once_in_its_newest_form() {
        let documents = Documents::empty()
            .advance(
                at(1),
                [(key(1), Revision(1), published("one")), (key(2), Revision(1), published("two"))],
            )
            .advance(at(2), [(key(1), Revision(2), published("newer"))])
            .advance(at(3), [(key(2), Revision(3), Form::Removed)]);
        let since = |revision| read(&documents.since(Revision(revision)).expect("recent").expect("encodes"));
        assert_eq!(since(1), [Bytes::from_static(b"newer"), wire::encode_removed(&key(2))]);
        assert_eq!(since(2), [wire::encode_removed(&key(2))]);
        assert!(since(3).is_empty());
        assert_eq!(read(&documents.everything().expect("encodes")), [Bytes::from_static(b"newer")]);
        assert_eq!(documents.len(), 1);
    }

    #[test]
    fn forgotten_removals_are_never_passed_over_in_silence() {
        let mut documents = Documents::empty().advance(at(1), [(key(1), Revision(1), published("kept"))]);
        let removed = (0..=REMOVALS_MAX as u32).map(|index| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&index.to_be_bytes());
            (DocumentKey::Zone(ZoneId::from_bytes(id)), Revision(2 + u64::from(index)), Form::Removed)
        });
        documents = documents
            .advance(at(2 + REMOVALS_MAX as u64), removed.filter(|(document, ..)| *document != key(1)));
        assert!(documents.since(Revision(1)).is_none());
        assert!(documents.since(Revision(2)).is_some());
        assert_eq!(documents.len(), 1);
    }
}
