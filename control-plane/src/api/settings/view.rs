//! Settings as callers see and send them, and the errors that only settings have.

use super::change::invalid;
use crate::{
    api::error::{ApiError, Result},
    db::settings::Stored,
    settings::{Allowed, Kind, Setting, SettingId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One setting of a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ZoneSetting {
    id: &'static str,
    value: Value,
    editable: bool,
    /// Null if it was never changed.
    #[schema(value_type = Option<String>)]
    modified_on: Option<Timestamp>,
    /// Of `ssl` alone, and absent while the zone has no certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_status: Option<&'static str>,
    /// Of `development_mode` alone: seconds until it turns itself off; negative once it has; 0 if it was not on.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_remaining: Option<i64>,
    /// Of `ssl_recommender` alone: whether its value is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
}

pub(super) fn view(id: SettingId, stored: &Stored, now: Timestamp) -> ZoneSetting {
    let (mut value, modified_on) = (stored.value(id), stored.modified_on(id));
    let mut time_remaining = None;
    if let Kind::TimedSwitch { seconds } = id.kind() {
        let on_since = modified_on.filter(|_| value == "on");
        let remaining = on_since.map_or(0, |since| seconds - now.duration_since(since).as_secs());
        if remaining <= 0 {
            value = id.default();
        }
        time_remaining = Some(remaining);
    }
    ZoneSetting {
        id: id.as_str(),
        editable: id.is_editable(),
        modified_on,
        certificate_status: (id == SettingId::SSL && stored.has_certificate).then_some("active"),
        time_remaining,
        enabled: matches!(id.kind(), Kind::Enrolment(_)).then(|| value == "on"),
        value,
    }
}

pub(super) fn view_all(stored: &Stored, now: Timestamp) -> Vec<ZoneSetting> {
    SettingId::all().map(|id| view(id, stored, now)).collect()
}

/// What is sent for a setting.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SettingValue {
    value: Option<Value>,
    /// Stands for the value of `ssl_recommender`, true or false.
    enabled: Option<Value>,
}

impl SettingValue {
    pub(super) fn read(&self, id: &str) -> Result<Setting> {
        let id = setting_id(id)?;
        let sent = self.value.as_ref().or(self.enabled.as_ref());
        sent.and_then(|value| Setting::new(id, value)).ok_or_else(|| not_accepted(id))
    }
}

pub(super) fn setting_id(text: &str) -> Result<SettingId> {
    SettingId::parse(text).ok_or_else(|| ApiError::refused(1006, "Unrecognized zone setting name"))
}

fn not_accepted(id: SettingId) -> ApiError {
    if !id.is_editable() {
        return ApiError::FixedSetting(id.as_str());
    }
    if id == SettingId::ORIGIN_MAX_HTTP_VERSION {
        return ApiError::refused(
            1007,
            "The value provided for origin_max_http_version setting is not valid. The value must either be `1` or `2`",
        );
    }
    invalid(id, &format!("it must be {}", Allowed(id.kind())))
}
