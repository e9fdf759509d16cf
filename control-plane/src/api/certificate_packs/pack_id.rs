use crate::{
    api::error::{ApiError, Result},
    db::certificates::{self, Certificate},
};
use policy::id::{CertificateId, InvalidId, ZoneId};
use sqlx::PgConnection;
use std::{fmt, str::FromStr};

/// Where a UUID has its hyphens (RFC 9562, 4), counted in digits.
const GROUPS: [std::ops::Range<usize>; 5] = [0..8, 8..12, 12..16, 16..20, 20..32];

/// The id of a certificate in the form of a UUID, which is what ids of packs look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct PackId(pub(in crate::api) CertificateId);

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        f.write_str(&GROUPS.map(|group| &digits[group]).join("-"))
    }
}

impl FromStr for PackId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let id = Self(text.replace('-', "").parse()?);
        if id.to_string() == text { Ok(id) } else { Err(InvalidId) }
    }
}

/// The certificate of a zone that a pack shows.
pub(in crate::api) async fn find(conn: &mut PgConnection, zone: ZoneId, pack: PackId) -> Result<Certificate> {
    let found =
        certificates::list(conn, zone).await?.into_iter().find(|certificate| certificate.id == pack.0);
    found.ok_or_else(|| ApiError::not_found(1002, "The zone has no certificate pack with this identifier."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_becomes_a_uuid_and_comes_back_from_nothing_else() {
        let id = PackId("0123456789abcdef0123456789abcdef".parse().expect("an id"));
        assert_eq!(id.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        for other in [
            "0123456789abcdef0123456789abcdef",
            "01234567-89AB-cdef-0123-456789abcdef",
            "012345678-9ab-cdef-0123-456789abcdef",
            "01234567-89ab-cdef-0123-456789abcde",
        ] {
            assert!(other.parse::<PackId>().is_err(), "{other}");
        }
    }
}
