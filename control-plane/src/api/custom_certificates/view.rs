//! A certificate as callers see it. The private key is never part of it.

use super::choices::GeoRestrictions;
use crate::db::certificates::{BundleMethod, Certificate, Options, Source};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CustomCertificate {
    id: String,
    zone_id: String,
    hosts: Vec<String>,
    issuer: String,
    signature: String,
    pub(super) status: Status,
    #[schema(value_type = String)]
    bundle_method: BundleMethod,
    geo_restrictions: Option<GeoRestrictions>,
    /// Always null; clients expect the key.
    keyless_server: Option<String>,
    /// Higher goes first.
    priority: i32,
    policy_restrictions: Option<String>,
    #[schema(value_type = String)]
    uploaded_on: Timestamp,
    #[schema(value_type = String)]
    modified_on: Timestamp,
    #[schema(value_type = String)]
    expires_on: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Active,
    Expired,
}

impl CustomCertificate {
    pub(super) fn new(certificate: Certificate, now: Timestamp) -> Self {
        let Certificate { id, zone, material, source, expired, uploaded_on, modified_on } = certificate;
        let options = match source {
            Source::Custom(options) => options,
            Source::Edge => Options::default(),
        };
        let label = |label| serde_json::to_value(label).ok()?.as_str().map(str::to_owned);
        Self {
            id: id.to_string(),
            zone_id: zone.to_string(),
            hosts: material.hosts.iter().map(ToString::to_string).collect(),
            issuer: material.issuer,
            signature: material.signature,
            status: if expired || material.not_after <= now { Status::Expired } else { Status::Active },
            bundle_method: options.bundle_method,
            geo_restrictions: options
                .geo_restrictions
                .map(|restriction| GeoRestrictions { label: label(restriction) }),
            keyless_server: None,
            priority: options.priority,
            policy_restrictions: options.policy,
            uploaded_on,
            modified_on,
            expires_on: material.not_after,
        }
    }
}

/// What the audit log says: which certificate it is, by names and end.
pub(super) fn audited(certificate: &Certificate) -> serde_json::Value {
    let hosts: Vec<String> = certificate.material.hosts.iter().map(ToString::to_string).collect();
    serde_json::json!({ "hosts": hosts, "issuer": certificate.material.issuer, "expires_on": certificate.material.not_after })
}
