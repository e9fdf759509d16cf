//! What is chosen beside the certificate. Clients send empty words where nothing was chosen.

use crate::{
    api::error::{ApiError, Result},
    db::certificates::GeoLabel,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::ToSchema;

const POLICY_CHARACTERS_MAX: usize = 1024;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct GeoRestrictions {
    /// `us`, `eu` or `highest_security`.
    pub(super) label: Option<String>,
}

/// What would put a certificate, or take its key from, where there is nothing here.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Elsewhere {
    /// Only `production`.
    deploy: Option<String>,
    /// None exists: keys are sent with their certificates.
    custom_csr_id: Option<String>,
}

impl Elsewhere {
    pub(super) fn check(&self) -> Result<()> {
        let refused = |field: &str, reason: &str| {
            Err(ApiError::invalid(format!("/{field}"), format!("Invalid value for `{field}`: {reason}")))
        };
        if !matches!(self.deploy.as_deref(), None | Some("" | "production")) {
            return refused("deploy", "there is no staging network, leave it out or say `production`");
        }
        if self.custom_csr_id.as_deref().is_some_and(|id| !id.is_empty()) {
            return refused("custom_csr_id", "no signing requests are kept here, send `private_key` instead");
        }
        Ok(())
    }
}

/// One of several words; none if it is absent or empty.
pub(super) fn word<T: DeserializeOwned>(field: &'static str, text: Option<&str>) -> Result<Option<T>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_value(Value::String(text.to_owned())).map(Some).map_err(|error| {
        ApiError::invalid(format!("/{field}"), format!("Invalid value for `{field}`: {error}"))
    })
}

pub(super) fn geo_label(restrictions: Option<&GeoRestrictions>) -> Result<Option<GeoLabel>> {
    word("geo_restrictions/label", restrictions.and_then(|restrictions| restrictions.label.as_deref()))
}

pub(super) fn policy(text: Option<String>) -> Result<Option<String>> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > POLICY_CHARACTERS_MAX || text.chars().any(char::is_control) => {
            let reason =
                format!("at most {POLICY_CHARACTERS_MAX} characters, none of them control characters");
            Err(ApiError::invalid("/policy", format!("Invalid value for `policy`: {reason}")))
        }
        text => Ok(text),
    }
}
