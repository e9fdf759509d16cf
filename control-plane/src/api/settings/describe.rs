use crate::{
    api::envelope::{Envelope, Reply},
    settings::{Allowed, SettingId},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What there is to know about a setting, whatever the zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingDescription {
    id: &'static str,
    /// What its value may be, in words.
    values: String,
    /// Its value until it is changed.
    default: Value,
    /// Whether it can be changed at all.
    editable: bool,
    /// Whether nodes enforce it. Otherwise it is kept and shown, and has no effect.
    enforced: bool,
    /// What to know besides; may be empty.
    note: &'static str,
}

/// Which settings zones have, what each may be and which of them have an effect. Needs no token.
#[utoipa::path(get, path = "/orangery/settings", tag = "settings", security(()),
    responses((status = 200, body = Envelope<Vec<SettingDescription>>)))]
pub(super) async fn describe() -> Reply<Vec<SettingDescription>> {
    let describe = |id: SettingId| SettingDescription {
        id: id.as_str(),
        values: Allowed(id.kind()).to_string(),
        default: id.default(),
        editable: id.is_editable(),
        enforced: id.is_enforced(),
        note: id.note(),
    };
    Reply::new(SettingId::all().map(describe).collect())
}
