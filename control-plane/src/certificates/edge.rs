//! The certificate that every zone has from our own edge authority, for its apex and one label below.

use super::{CertificateError, authority::Kind, authority::SubjectName, seal};
use crate::{
    db::{
        authorities,
        certificates::{self, Certificate, Material, Source},
        change::Change,
    },
    random,
    secrets::MasterKey,
};
use jiff::SignedDuration;
use policy::{
    hostname::Hostname,
    id::{CertificateId, ZoneId},
};

pub const VALIDITY: SignedDuration = SignedDuration::from_hours(90 * 24);
/// What is left when a certificate is replaced.
pub const RENEWED_BEFORE_END: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Issues a certificate for a zone, in place of the former one, and publishes the zone. The zone's row must be locked or new.
pub async fn issue(
    change: &mut Change,
    master: &MasterKey,
    zone: ZoneId,
    name: &Hostname,
) -> Result<(), CertificateError> {
    let now = change.at();
    let authority = authorities::load_or_create(change.conn(), master, Kind::Edge, now).await?;
    let hosts = hosts(name);
    let names: Vec<SubjectName> = hosts.iter().cloned().map(SubjectName::Host).collect();
    let issued = authority.issue_server(&names, VALIDITY, now)?;
    let id = CertificateId::from_bytes(random::bytes());
    let material = Material {
        hosts,
        key: seal(change, master, id, &issued.pkcs8).await?,
        chain: vec![issued.signed.leaf],
        issuer: "Orangery".into(),
        signature: "ECDSAWithSHA256".into(),
        not_before: issued.signed.not_before,
        not_after: issued.signed.not_after,
    };
    let certificate = Certificate {
        id,
        zone,
        material,
        source: Source::Edge,
        expired: false,
        uploaded_on: now,
        modified_on: now,
    };
    Ok(certificates::save(change, &certificate).await?)
}

/// The apex, and the wildcard unless the name is too long for one.
fn hosts(name: &Hostname) -> Vec<Hostname> {
    let wildcard = Hostname::parse_pattern(&format!("*.{name}"));
    std::iter::once(name.clone()).chain(wildcard).collect()
}
