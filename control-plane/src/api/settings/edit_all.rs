use super::{
    change::change,
    view::{ZoneSetting, setting, setting_id, view_all},
};
use crate::api::{
    App,
    body::Body,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::{ApiError, Result},
    path::Id,
    scope::IfMatch,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

const ITEMS_MAX: usize = 200;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SettingsEdit {
    items: Vec<SettingItem>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct SettingItem {
    id: String,
    value: Option<Value>,
}

/// Changes several settings of a zone at once: all of them or none.
#[utoipa::path(patch, path = "/zones/{zone_id}/settings", tag = "settings", request_body = SettingsEdit,
    responses((status = 200, body = Envelope<Vec<ZoneSetting>>)))]
pub(super) async fn edit_all(
    State(app): State<App>,
    caller: Caller,
    Id(zone): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<SettingsEdit>,
) -> Result<Reply<Vec<ZoneSetting>>> {
    if body.items.is_empty() || body.items.len() > ITEMS_MAX {
        return Err(ApiError::invalid("/items", format!("Invalid request: 1 to {ITEMS_MAX} items")));
    }
    let wanted = body.items.iter().map(|item| setting(setting_id(&item.id)?, item.value.as_ref()));
    let wanted = wanted.collect::<Result<Vec<_>>>()?;
    let (stored, committed) = change(&app, &caller, zone, &if_match, &wanted).await?;
    Ok(Reply::new(view_all(&stored)).etag(committed.zone).committed(committed.newest))
}
