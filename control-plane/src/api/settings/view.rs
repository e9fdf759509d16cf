//! Settings as callers see them, and the errors that only settings have.

use crate::{
    api::error::{ApiError, Result},
    db::settings::{Setting, SettingId, Stored},
};
use jiff::Timestamp;
use serde::Serialize;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_status: Option<&'static str>,
}

pub(super) fn view(id: SettingId, stored: &Stored) -> ZoneSetting {
    ZoneSetting {
        id: id.as_str(),
        value: Setting::of(id, &stored.settings).value(),
        editable: true,
        modified_on: stored.modified_on.get(&id).copied(),
        certificate_status: (id == SettingId::Ssl).then_some("active"),
    }
}

pub(super) fn view_all(stored: &Stored) -> Vec<ZoneSetting> {
    SettingId::ALL.into_iter().map(|id| view(id, stored)).collect()
}

pub(super) fn setting_id(text: &str) -> Result<SettingId> {
    SettingId::parse(text).ok_or_else(|| ApiError::refused(1006, "Unrecognized zone setting name"))
}

/// Reads a value that was sent for a setting.
pub(super) fn setting(id: SettingId, value: Option<&Value>) -> Result<Setting> {
    value.and_then(|value| Setting::parse(id, value)).ok_or_else(|| {
        let message = match id {
            SettingId::OriginMaxHttpVersion => {
                "The value provided for origin_max_http_version setting is not valid. The value must either be `1` or `2`".to_owned()
            }
            _ => format!("Invalid value for zone setting {}", id.as_str()),
        };
        ApiError::refused(1007, message)
    })
}
