//! Documents as chunks: pieces that are compressed, hashed and sent one by one, and kept by a node when the line is cut.
//!
//! Where a chunk ends depends on the documents in it and not on what comes before, so that after a change most chunks are the
//! same as before it. The content of all chunks in a row is one stream: each document after its length as a varint.

use crate::{CHUNK_BYTES_MAX, DOCUMENT_BYTES_MAX};
use prost::{bytes::Bytes, encoding};
use sha2::{Digest as _, Sha256};
use std::io;

/// One document in so many ends a chunk; with zones of a few kilobytes a chunk has about 100 KiB.
const DOCUMENTS_PER_CHUNK: u16 = 32;
const COMPRESSION_LEVEL: i32 = 1;

/// SHA-256 of a chunk as it is sent.
pub type ChunkHash = [u8; 32];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    pub hash: ChunkHash,
    /// One zstd frame of at most [`CHUNK_BYTES_MAX`] of content.
    pub data: Bytes,
}

/// The content of chunks is not a row of documents, which only a broken publisher can send.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
    #[error("a chunk does not decompress to at most {CHUNK_BYTES_MAX} bytes")]
    Compression(#[source] io::Error),
    #[error("a document has more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the last document is incomplete")]
    Incomplete,
}

impl Chunk {
    /// Compresses a piece of content as [`cut`] gives it.
    pub fn compress(content: &[u8]) -> Result<Self, ChunkError> {
        let data = zstd::bulk::compress(content, COMPRESSION_LEVEL).map_err(ChunkError::Compression)?;
        Ok(Self::from_data(data.into()))
    }

    pub fn from_data(data: Bytes) -> Self {
        Self { hash: Sha256::digest(&data).into(), data }
    }

    pub fn expand(&self) -> Result<Vec<u8>, ChunkError> {
        zstd::bulk::decompress(&self.data, CHUNK_BYTES_MAX).map_err(ChunkError::Compression)
    }
}

/// Cuts documents, given with their keys in order, into pieces of at most [`CHUNK_BYTES_MAX`].
pub fn cut<'a>(documents: impl IntoIterator<Item = (&'a str, &'a Bytes)>) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for (key, document) in documents {
        let bytes = encoding::encoded_len_varint(document.len() as u64) + document.len();
        if piece.len() + bytes > CHUNK_BYTES_MAX && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
        encoding::encode_varint(document.len() as u64, &mut piece);
        piece.extend_from_slice(document);
        if piece.len() > CHUNK_BYTES_MAX {
            pieces.extend(piece.chunks(CHUNK_BYTES_MAX).map(<[u8]>::to_vec));
            piece.clear();
        } else if ends_chunk(key) {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    pieces.extend((!piece.is_empty()).then_some(piece));
    pieces
}

fn ends_chunk(key: &str) -> bool {
    let hash = Sha256::digest(key);
    u16::from_be_bytes([hash[0], hash[1]]).is_multiple_of(DOCUMENTS_PER_CHUNK)
}

/// Puts the content of chunks together again.
#[derive(Debug, Default)]
pub struct Assembler {
    buffer: Vec<u8>,
    documents: Vec<Bytes>,
}

impl Assembler {
    /// Adds the next chunk.
    pub fn push(&mut self, chunk: &Chunk) -> Result<(), ChunkError> {
        self.buffer.extend(chunk.expand()?);
        let mut content = Bytes::from(std::mem::take(&mut self.buffer));
        loop {
            let mut rest = content.clone();
            match encoding::decode_varint(&mut rest) {
                Ok(length) if length > DOCUMENT_BYTES_MAX as u64 => return Err(ChunkError::TooLarge),
                Ok(length) if length as usize <= rest.len() => {
                    self.documents.push(rest.split_to(length as usize));
                    content = rest;
                }
                // The length itself or the document continues in the next chunk.
                Ok(_) | Err(_) => break,
            }
        }
        self.buffer = content.into();
        Ok(())
    }

    /// The documents, if the last one is complete.
    pub fn finish(self) -> Result<Vec<Bytes>, ChunkError> {
        if self.buffer.is_empty() { Ok(self.documents) } else { Err(ChunkError::Incomplete) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn documents(count: usize, bytes: usize) -> Vec<(String, Bytes)> {
        let document = |index: usize| {
            let seed = Sha256::digest(index.to_be_bytes());
            (format!("zone/{index:032x}"), seed.iter().copied().cycle().take(bytes).collect())
        };
        (0..count).map(document).collect()
    }

    fn chunks(documents: &[(String, Bytes)]) -> Vec<Chunk> {
        let pieces = cut(documents.iter().map(|(key, bytes)| (key.as_str(), bytes)));
        assert!(pieces.iter().all(|piece| piece.len() <= CHUNK_BYTES_MAX));
        pieces.iter().map(|piece| Chunk::compress(piece).expect("compresses")).collect()
    }

    fn assemble(chunks: &[Chunk]) -> Result<Vec<Bytes>, ChunkError> {
        let mut assembler = Assembler::default();
        chunks.iter().try_for_each(|chunk| assembler.push(chunk))?;
        assembler.finish()
    }

    #[test]
    fn documents_of_any_size_come_back() {
        for (count, bytes) in
            [(0, 0), (1, 0), (1, 1), (300, 5000), (3, CHUNK_BYTES_MAX), (2, DOCUMENT_BYTES_MAX)]
        {
            let documents = documents(count, bytes);
            let expected: Vec<_> = documents.iter().map(|(_, bytes)| bytes.clone()).collect();
            assert_eq!(assemble(&chunks(&documents)).expect("documents"), expected, "{count} of {bytes}");
        }
    }

    #[test]
    fn a_changed_document_changes_few_chunks() {
        let mut documents = documents(2000, 3000);
        let before: HashSet<_> = chunks(&documents).into_iter().map(|chunk| chunk.hash).collect();
        documents[1000].1 = Bytes::from_static(b"another form");
        documents.remove(500);
        let changed = chunks(&documents).into_iter().filter(|chunk| !before.contains(&chunk.hash)).count();
        assert!(before.len() > 30, "{} chunks", before.len());
        assert!(changed <= 2, "{changed} of {} chunks changed", before.len());
    }

    #[test]
    fn a_missing_end_and_a_bomb_are_refused() {
        let mut some = chunks(&documents(2, CHUNK_BYTES_MAX));
        some.pop();
        assert!(matches!(assemble(&some), Err(ChunkError::Incomplete)));
        let bomb = zstd::bulk::compress(&vec![0; CHUNK_BYTES_MAX + 1], 1).expect("compresses");
        assert!(matches!(Chunk::from_data(bomb.into()).expand(), Err(ChunkError::Compression(_))));
        let huge = Chunk::compress(&[0xff, 0xff, 0xff, 0xff, 0x0f]).expect("compresses");
        assert!(matches!(assemble(&[huge]), Err(ChunkError::TooLarge)));
    }
}
