//! One update on its way: which chunks it has, which are still to come.

use super::state::{Fault, position};
use bytes::Bytes;
use policy::revision::Position;
use proto::{
    CHUNKS_PER_UPDATE_MAX,
    chunk::{Assembler, Chunk, ChunkError, ChunkHash},
    v1,
};
use std::collections::{HashMap, HashSet};

/// How much is kept of updates that were cut, compressed; what is beyond comes again.
const KEPT_BYTES_MAX: usize = 512 << 20;

/// Chunks whose hash a signed update named. They outlive the stream they came by.
#[derive(Default)]
pub(super) struct KeptChunks {
    chunks: HashMap<ChunkHash, Chunk>,
    bytes: usize,
    /// Those that the publisher was told of in the request of the current stream, and leaves out of its first update.
    offered: HashSet<ChunkHash>,
}

impl KeptChunks {
    /// Names what is here, for the request of a new stream.
    pub(super) fn offer(&mut self) -> Vec<Bytes> {
        self.offered = self.chunks.keys().copied().take(CHUNKS_PER_UPDATE_MAX).collect();
        self.offered.iter().map(|hash| Bytes::copy_from_slice(hash)).collect()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn insert(&mut self, chunk: Chunk) {
        let bytes = chunk.data.len();
        if self.chunks.insert(chunk.hash, chunk).is_none() {
            self.bytes += bytes;
        }
    }

    /// Forgets what no update is waiting for if there is too much.
    fn make_room(&mut self, wanted: &[ChunkHash]) {
        if self.bytes > KEPT_BYTES_MAX {
            let wanted: HashSet<_> = wanted.iter().collect();
            self.chunks.retain(|hash, _| wanted.contains(hash));
            self.bytes = self.chunks.values().map(|chunk| chunk.data.len()).sum();
        }
    }
}

pub(super) struct Assembly {
    to: Position,
    reset: bool,
    chunks: Vec<ChunkHash>,
    /// Those still to come, in this order, the last first.
    missing: Vec<ChunkHash>,
}

impl Assembly {
    /// Begins with what a signed statement announced.
    pub(super) fn begin(
        update: v1::Update,
        have: Option<Position>,
        kept: &mut KeptChunks,
    ) -> Result<Self, Fault> {
        let (from, to) = (position(update.from)?, position(update.to)?);
        if !update.reset && have != Some(from) {
            let have = have.unwrap_or_default().revision.0;
            return Err(Fault::DoesNotJoin { from: from.revision.0, have });
        }
        if update.chunks.len() > CHUNKS_PER_UPDATE_MAX {
            return Err(Fault::TooManyChunks);
        }
        let hashes = update.chunks.iter().map(|hash| ChunkHash::try_from(&**hash));
        let chunks: Vec<ChunkHash> = hashes.collect::<Result<_, _>>().map_err(|_| Fault::UnexpectedChunk)?;
        let missing = chunks.iter().rev().filter(|hash| !kept.offered.contains(*hash)).copied().collect();
        kept.make_room(&chunks);
        Ok(Self { to, reset: update.reset, chunks, missing })
    }

    pub(super) fn take(&mut self, chunk: Chunk, kept: &mut KeptChunks) -> Result<(), Fault> {
        if self.missing.last() != Some(&chunk.hash) {
            return Err(Fault::UnexpectedChunk);
        }
        self.missing.pop();
        kept.insert(chunk);
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    pub(super) fn to(&self) -> Position {
        self.to
    }

    pub(super) fn reset(&self) -> bool {
        self.reset
    }

    pub(super) fn documents(&self, kept: &KeptChunks) -> Result<Vec<Bytes>, ChunkError> {
        let mut assembler = Assembler::default();
        for hash in &self.chunks {
            assembler.push(kept.chunks.get(hash).ok_or(ChunkError::Incomplete)?)?;
        }
        assembler.finish()
    }
}
