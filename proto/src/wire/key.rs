use policy::{id::ZoneId, object::ObjectHash};
use std::{fmt, str::FromStr};

/// What a document is about. The order is that of the written form: objects come before the zones that refer to them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKey {
    Global(String),
    Object(ObjectHash),
    Zone(ZoneId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document key is zone/<id>, object/<hash> or global/<name>")]
pub struct InvalidDocumentKey;

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global(name) => write!(f, "global/{name}"),
            Self::Object(hash) => write!(f, "object/{hash}"),
            Self::Zone(id) => write!(f, "zone/{id}"),
        }
    }
}

impl FromStr for DocumentKey {
    type Err = InvalidDocumentKey;

    fn from_str(text: &str) -> Result<Self, InvalidDocumentKey> {
        match text.split_once('/') {
            Some(("global", name)) if !name.is_empty() => Ok(Self::Global(name.to_owned())),
            Some(("object", digits)) if digits.bytes().all(|digit| !digit.is_ascii_uppercase()) => {
                let mut hash = [0; 32];
                hex::decode_to_slice(digits, &mut hash).map_err(|_| InvalidDocumentKey)?;
                Ok(Self::Object(ObjectHash(hash)))
            }
            Some(("zone", id)) => id.parse().map(Self::Zone).map_err(|_| InvalidDocumentKey),
            _ => Err(InvalidDocumentKey),
        }
    }
}
