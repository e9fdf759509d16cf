//! What is wrong with an upload, with the codes that the v4 API has for it.

use crate::{
    api::error::{ApiError, Result},
    certificates::{
        chain::ChainError,
        custom::{CERTIFICATES_PER_ZONE_MAX, Upload, UploadError},
    },
    db::certificates::Certificate,
};
use jiff::Timestamp;
use policy::{hostname::Hostname, id::CertificateId};

/// Reads both PEM texts, and refuses what is wrong with them and what the zone already has under another id.
pub(super) fn checked(
    (certificate, private_key): (&str, &str),
    zone: &Hostname,
    held: &[Certificate],
    replaced: Option<CertificateId>,
    now: Timestamp,
) -> Result<Upload> {
    let upload = Upload::check(certificate, private_key, zone, now).map_err(|error| refused(&error))?;
    let leaf = upload.chain.certificates.first();
    if held.iter().any(|other| Some(other.id) != replaced && other.material.chain.first() == leaf) {
        return Err(ApiError::refused(1220, "This certificate has already been submitted."));
    }
    Ok(upload)
}

pub(super) fn check_room(held: &[Certificate]) -> Result<()> {
    if held.len() < CERTIFICATES_PER_ZONE_MAX {
        return Ok(());
    }
    let message = "You have reached the maximum number of custom certificates.";
    Err(ApiError::refused(1212, format!("{message} It is {CERTIFICATES_PER_ZONE_MAX}.")))
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found(1002, "Invalid certificate: the zone has none with this identifier.")
}

fn refused(error: &UploadError) -> ApiError {
    match error {
        UploadError::Chain(ChainError::Order(_)) => {
            ApiError::refused(2100, format!("The certificate chain you uploaded cannot be bundled: {error}."))
        }
        UploadError::Chain(
            ChainError::OutsideZone { .. } | ChainError::NoNames | ChainError::TooManyNames,
        ) => ApiError::refused(
            2103,
            format!("The certificate chain you uploaded does not fit your zone: {error}."),
        ),
        UploadError::Chain(_) => ApiError::refused(1002, format!("Invalid certificate: {error}.")),
        UploadError::Key(_) => {
            ApiError::refused(2106, format!("The private key you uploaded is invalid: {error}."))
        }
        UploadError::OtherKey(_) => ApiError::refused(
            2200,
            format!("The certificate and private key pair you uploaded is invalid: {error}."),
        ),
    }
}
