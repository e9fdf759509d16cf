use super::PackId;
use crate::{
    api::{
        custom_certificates::{Status, ZoneCertificate},
        universal_ssl::CERTIFICATE_AUTHORITY,
    },
    db::certificates::{Certificate, CustomKind, Source},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificatePack {
    /// The certificate's id, written as a UUID.
    id: String,
    r#type: PackType,
    hosts: Vec<String>,
    pub(super) status: Status,
    primary_certificate: String,
    /// Always one.
    certificates: Vec<ZoneCertificate>,
    /// `orangery` where we issued it, otherwise null: who issued an uploaded one is its certificate's `issuer`.
    certificate_authority: Option<&'static str>,
    /// Whole days from the first to the last moment of validity.
    validity_days: i64,
    /// Always null: our authority knows whose zone it is, and what was uploaded has been validated elsewhere.
    validation_method: Option<&'static str>,
    /// Always empty.
    validation_records: Vec<String>,
    /// Always empty.
    validation_errors: Vec<String>,
    /// Always false.
    cloudflare_branding: bool,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PackType {
    /// Issued by us.
    Universal,
    LegacyCustom,
    SniCustom,
}

impl CertificatePack {
    pub(super) fn new(certificate: &Certificate, now: Timestamp) -> Self {
        let (r#type, certificate_authority) = match &certificate.source {
            Source::Edge => (PackType::Universal, Some(CERTIFICATE_AUTHORITY)),
            Source::Custom(options) => match options.kind {
                CustomKind::LegacyCustom => (PackType::LegacyCustom, None),
                CustomKind::SniCustom => (PackType::SniCustom, None),
            },
        };
        let shown = ZoneCertificate::new(certificate, now);
        let validity = certificate.material.not_after.duration_since(certificate.material.not_before);
        Self {
            id: PackId(certificate.id).to_string(),
            r#type,
            hosts: shown.hosts.clone(),
            status: shown.status,
            primary_certificate: certificate.id.to_string(),
            certificates: vec![shown],
            certificate_authority,
            validity_days: validity.as_hours() / 24,
            validation_method: None,
            validation_records: Vec::new(),
            validation_errors: Vec::new(),
            cloudflare_branding: false,
        }
    }
}
