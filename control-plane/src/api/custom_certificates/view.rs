//! A certificate as callers see it. The private key is never part of it.

use super::choices::GeoRestrictions;
use crate::db::certificates::{BundleMethod, Certificate, Options, Source};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What every certificate of a zone is described by, whoever issued it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ZoneCertificate {
    id: String,
    zone_id: String,
    pub(in crate::api) hosts: Vec<String>,
    issuer: String,
    signature: String,
    pub(in crate::api) status: Status,
    #[schema(value_type = String)]
    bundle_method: BundleMethod,
    geo_restrictions: Option<GeoRestrictions>,
    /// Higher goes first.
    priority: i32,
    #[schema(value_type = String)]
    uploaded_on: Timestamp,
    #[schema(value_type = String)]
    modified_on: Timestamp,
    #[schema(value_type = String)]
    expires_on: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CustomCertificate {
    #[serde(flatten)]
    pub(super) certificate: ZoneCertificate,
    /// Always null; clients expect the key.
    keyless_server: Option<String>,
    policy_restrictions: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Status {
    Active,
    Expired,
}

impl ZoneCertificate {
    pub(in crate::api) fn new(certificate: &Certificate, now: Timestamp) -> Self {
        let Certificate { id, zone, material, source, expired, uploaded_on, modified_on } = certificate;
        let chosen = match source {
            Source::Custom(options) => options,
            Source::Edge => &Options::default(),
        };
        let label = |label| serde_json::to_value(label).ok()?.as_str().map(str::to_owned);
        Self {
            id: id.to_string(),
            zone_id: zone.to_string(),
            hosts: material.hosts.iter().map(ToString::to_string).collect(),
            issuer: material.issuer.clone(),
            signature: material.signature.clone(),
            status: if *expired || material.not_after <= now { Status::Expired } else { Status::Active },
            bundle_method: chosen.bundle_method,
            geo_restrictions: chosen
                .geo_restrictions
                .map(|restriction| GeoRestrictions { label: label(restriction) }),
            priority: chosen.priority,
            uploaded_on: *uploaded_on,
            modified_on: *modified_on,
            expires_on: material.not_after,
        }
    }
}

impl CustomCertificate {
    pub(super) fn new(certificate: &Certificate, now: Timestamp) -> Self {
        let policy_restrictions = match &certificate.source {
            Source::Custom(options) => options.policy.clone(),
            Source::Edge => None,
        };
        let certificate = ZoneCertificate::new(certificate, now);
        Self { certificate, keyless_server: None, policy_restrictions }
    }
}

/// What the audit log says: which certificate it is, by names and end.
pub(super) fn audited(certificate: &Certificate) -> serde_json::Value {
    let hosts: Vec<String> = certificate.material.hosts.iter().map(ToString::to_string).collect();
    serde_json::json!({ "hosts": hosts, "issuer": certificate.material.issuer, "expires_on": certificate.material.not_after })
}
