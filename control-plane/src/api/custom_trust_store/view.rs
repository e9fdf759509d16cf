use crate::{certificates::pem, db::trust_store::Authority};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A root certificate that a zone trusts at its origins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrustedRoot {
    id: String,
    /// PEM.
    certificate: String,
    issuer: String,
    signature: String,
    /// `active` or `expired`.
    status: &'static str,
    #[schema(value_type = String)]
    expires_on: Timestamp,
    #[schema(value_type = String)]
    uploaded_on: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

impl TrustedRoot {
    pub(super) fn new(authority: Authority, now: Timestamp) -> Self {
        Self {
            id: authority.id.to_string(),
            certificate: pem::encode_certificate(&authority.certificate),
            issuer: authority.issuer,
            signature: authority.signature,
            status: if authority.not_after <= now { "expired" } else { "active" },
            expires_on: authority.not_after,
            uploaded_on: authority.uploaded_on,
            updated_at: authority.updated_at,
        }
    }
}

/// A root as the audit log shows it.
pub(super) fn audited(issuer: &str, not_after: Timestamp) -> Value {
    json!({ "issuer": issuer, "expires_on": not_after })
}
