//! Origin CA: certificates for origins, which nodes trust in every zone.

use super::{
    CertificateError,
    authority::{Kind, SubjectName},
    pem,
    request::SigningRequest,
};
use crate::{
    db::{
        authorities,
        change::Change,
        origin_ca::{self, OriginCertificate, RequestType},
    },
    secrets::MasterKey,
};
use jiff::{SignedDuration, Timestamp};
use policy::{hostname::Hostname, id::AccountId};
use sqlx::PgConnection;
use zeroize::Zeroizing;

/// The days for which a certificate can be asked.
pub const VALIDITY_DAYS: [i32; 7] = [7, 30, 90, 365, 730, 1095, 5475];
pub const VALIDITY_DAYS_DEFAULT: i32 = 5475;
pub const HOSTNAMES_MAX: usize = 100;

/// An order whose parts have been checked.
pub struct Order {
    pub account: AccountId,
    pub request: SigningRequest,
    /// As it was sent.
    pub csr: String,
    pub hostnames: Vec<Hostname>,
    pub request_type: RequestType,
    /// One of [`VALIDITY_DAYS`].
    pub validity_days: i32,
}

/// Signs a certificate and remembers it.
pub async fn issue(
    change: &mut Change,
    master: &MasterKey,
    order: Order,
) -> Result<OriginCertificate, CertificateError> {
    let now = change.at();
    let authority = authorities::load_or_create(change.conn(), master, Kind::Origin, now).await?;
    let names: Vec<SubjectName> = order.hostnames.iter().cloned().map(SubjectName::Host).collect();
    let signed = authority.sign_request(&order.request, &names, days(order.validity_days), now)?;
    let certificate = OriginCertificate {
        id: signed.serial.to_string(),
        account: order.account,
        certificate: signed.leaf,
        csr: order.csr,
        hostnames: order.hostnames,
        request_type: order.request_type,
        validity_days: order.validity_days,
        created_on: now,
        expires_on: signed.not_after,
        revoked_at: None,
    };
    origin_ca::insert(change, &certificate).await?;
    Ok(certificate)
}

/// A certificate and its key for an origin that we start ourselves.
pub struct DevCertificate {
    /// PEM, leaf and authority.
    pub chain: String,
    /// PEM, PKCS #8.
    pub private_key: Zeroizing<String>,
}

/// Gives the sample origin of `orangery dev` and of the compose files a certificate, which no account owns and no list shows.
pub async fn issue_for_dev(
    conn: &mut PgConnection,
    master: &MasterKey,
    names: &[SubjectName],
    now: Timestamp,
) -> Result<DevCertificate, CertificateError> {
    let authority = authorities::load_or_create(conn, master, Kind::Origin, now).await?;
    let issued = authority.issue_server(names, days(365), now)?;
    Ok(DevCertificate {
        chain: pem::encode_chain([issued.signed.leaf.as_slice(), authority.certificate()]),
        private_key: pem::encode_private_key(&issued.pkcs8),
    })
}

fn days(days: i32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
