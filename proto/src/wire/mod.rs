//! `policy` values as documents and back; the only place where this is done.

mod certificate;
mod error;
mod host;
mod key;
mod settings;
#[cfg(test)]
mod tests;
mod zone;

pub use error::DecodeError;
pub use key::DocumentKey;

use crate::{DOCUMENT_BYTES_MAX, v1};
use error::invalid;
use policy::{
    id::ZoneId,
    object::{ObjectHash, TrustStore},
    revision::{Chain, Position, Revision},
    zone::Zone,
};
use prost::{Message as _, bytes::Bytes};

/// What this version of the wire understands; a document that names another feature is left to newer nodes.
pub const FEATURES: [&str; 4] = ["sealed-key.1", "settings.2", "trust-store.1", "zone.1"];

/// A document has more than [`DOCUMENT_BYTES_MAX`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document would have {0} bytes, at most {DOCUMENT_BYTES_MAX} are published")]
pub struct DocumentTooLarge(pub usize);

/// A document as a node meets it: what it is about is known even if the content is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub key: String,
    pub content: Result<Content, DecodeError>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Zone(Box<Zone>),
    TrustStore(TrustStore),
    ZoneRemoved(ZoneId),
    ObjectRemoved(ObjectHash),
    /// Something is gone that this version never understood.
    OtherRemoved,
}

/// The bytes are no document at all, which only a broken publisher can send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a document")]
pub struct NotADocument(#[from] prost::DecodeError);

pub fn encode_zone(zone: &Zone) -> Result<Bytes, DocumentTooLarge> {
    let body = zone::to_proto(zone);
    let mut features = Vec::new();
    if !zone.certificates.is_empty() {
        features.push("sealed-key.1");
    }
    if body.settings.as_ref().is_some_and(settings::need_second_version) {
        features.push("settings.2");
    }
    features.push("zone.1");
    encode(&DocumentKey::Zone(zone.id), &features, v1::document::Body::Zone(body))
}

pub fn encode_trust_store(store: &TrustStore) -> Result<Bytes, DocumentTooLarge> {
    let certificates = store.certificates().iter().cloned().map(Bytes::from).collect();
    let body = v1::document::Body::TrustStore(v1::TrustStore { certificates });
    encode(&DocumentKey::Object(store.hash()), &["trust-store.1"], body)
}

/// The document that says that what it is about is gone.
pub fn encode_removed(key: &DocumentKey) -> Bytes {
    encode_bare(key, v1::document::Body::Removed(v1::Removed {}))
}

/// The document that stands for one that could not be made: nodes keep its last good form.
pub fn encode_broken(key: &DocumentKey) -> Bytes {
    encode_bare(key, v1::document::Body::Broken(v1::Broken {}))
}

pub fn decode(bytes: &[u8]) -> Result<Document, NotADocument> {
    let document = v1::Document::decode(bytes)?;
    let content = decode_content(&document.key, &document.features, document.body);
    Ok(Document { key: document.key, content })
}

pub fn position_to_proto(position: Position) -> v1::Position {
    let chain = Bytes::copy_from_slice(&position.chain.0);
    v1::Position { revision: position.revision.0, chain }
}

/// An absent position is the one before the first change.
pub fn position_from_proto(position: Option<v1::Position>) -> Result<Position, DecodeError> {
    let Some(position) = position else { return Ok(Position::default()) };
    let chain = <[u8; 32]>::try_from(&*position.chain).map_err(|_| invalid("chain", "must have 32 bytes"))?;
    Ok(Position { revision: Revision(position.revision), chain: Chain(chain) })
}

fn encode(key: &DocumentKey, features: &[&str], body: v1::document::Body) -> Result<Bytes, DocumentTooLarge> {
    let features = features.iter().map(ToString::to_string).collect();
    let document = v1::Document { key: key.to_string(), features, body: Some(body) };
    let bytes = document.encoded_len();
    if bytes > DOCUMENT_BYTES_MAX {
        Err(DocumentTooLarge(bytes))
    } else {
        Ok(document.encode_to_vec().into())
    }
}

fn encode_bare(key: &DocumentKey, body: v1::document::Body) -> Bytes {
    v1::Document { key: key.to_string(), features: Vec::new(), body: Some(body) }.encode_to_vec().into()
}

fn decode_content(
    key: &str,
    features: &[String],
    body: Option<v1::document::Body>,
) -> Result<Content, DecodeError> {
    if let Some(unknown) = features.iter().find(|feature| !FEATURES.contains(&feature.as_str())) {
        return Err(DecodeError::NeedsNewerNode(format!("feature {unknown}")));
    }
    let key = key.parse::<DocumentKey>().ok();
    match (key, body) {
        (None, Some(v1::document::Body::Removed(_))) => Ok(Content::OtherRemoved),
        (None, _) => Err(DecodeError::NeedsNewerNode("another kind of document".to_owned())),
        (Some(_), None) => Err(DecodeError::NeedsNewerNode("another kind of body".to_owned())),
        (Some(key), Some(body)) => decode_body(&key, body),
    }
}

fn decode_body(key: &DocumentKey, body: v1::document::Body) -> Result<Content, DecodeError> {
    match (key, body) {
        (DocumentKey::Zone(id), v1::document::Body::Removed(_)) => Ok(Content::ZoneRemoved(*id)),
        (DocumentKey::Object(hash), v1::document::Body::Removed(_)) => Ok(Content::ObjectRemoved(*hash)),
        (DocumentKey::Global(_), v1::document::Body::Removed(_)) => Ok(Content::OtherRemoved),
        (DocumentKey::Zone(id), v1::document::Body::Zone(zone)) => {
            let zone = zone::from_proto(zone)?;
            if zone.id == *id {
                Ok(Content::Zone(Box::new(zone)))
            } else {
                Err(invalid("id", "is not the key's"))
            }
        }
        (DocumentKey::Object(hash), v1::document::Body::TrustStore(store)) => {
            let store = TrustStore::new(store.certificates.iter().map(|der| der.to_vec()).collect());
            if store.hash() == *hash {
                Ok(Content::TrustStore(store))
            } else {
                Err(invalid("key", "is not the hash of the content"))
            }
        }
        (_, v1::document::Body::Broken(_)) => {
            Err(invalid("body", "could not be made by the control plane, whose log says why"))
        }
        (_, v1::document::Body::Zone(_) | v1::document::Body::TrustStore(_)) => {
            Err(invalid("key", "is of another kind than the body"))
        }
    }
}
