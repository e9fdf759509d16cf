use super::{
    change::change,
    view::{SettingValue, ZoneSetting, view_all},
};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        scope::IfMatch,
    },
    settings::summary,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use utoipa::ToSchema;

const ITEMS_MAX: usize = 200;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SettingsEdit {
    items: Vec<SettingItem>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct SettingItem {
    id: String,
    #[serde(flatten)]
    sent: SettingValue,
}

/// Changes several settings of a zone at once: all of them or none. Of several values for one setting the last counts.
#[utoipa::path(patch, path = "/zones/{zone_id}/settings", tag = "settings", description = summary(),
    request_body = SettingsEdit, responses((status = 200, body = Envelope<Vec<ZoneSetting>>)))]
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
    let wanted = body.items.iter().map(|item| item.sent.read(&item.id));
    let wanted = wanted.collect::<Result<Vec<_>>>()?;
    let (stored, committed) = change(&app, &caller, zone, &if_match, wanted).await?;
    Ok(Reply::new(view_all(&stored, app.clock.now())).etag(committed.zone).committed(committed.newest))
}
