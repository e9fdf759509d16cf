use crate::{
    certificates::pem,
    db::origin_ca::{self, RequestType},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A certificate that the Origin CA signed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OriginCertificate {
    /// The serial number in decimal.
    id: String,
    /// PEM.
    certificate: String,
    csr: String,
    hostnames: Vec<String>,
    /// Such as `2041-06-01 12:00:00 +0000 UTC`.
    expires_on: String,
    #[schema(value_type = String)]
    request_type: RequestType,
    /// Days.
    requested_validity: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    revoked_at: Option<Timestamp>,
}

impl From<origin_ca::OriginCertificate> for OriginCertificate {
    fn from(certificate: origin_ca::OriginCertificate) -> Self {
        Self {
            id: certificate.id,
            certificate: pem::encode_certificate(&certificate.certificate),
            csr: certificate.csr,
            hostnames: certificate.hostnames.iter().map(ToString::to_string).collect(),
            // Clients parse this form, which Go gives to times.
            expires_on: certificate.expires_on.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
            request_type: certificate.request_type,
            requested_validity: certificate.validity_days,
            revoked_at: certificate.revoked_at,
        }
    }
}
