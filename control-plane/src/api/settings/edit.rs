use super::{
    change::change,
    view::{ZoneSetting, setting, setting_id, view},
};
use crate::api::{
    App,
    body::Body,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Ids,
    scope::IfMatch,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SettingEdit {
    value: Option<Value>,
}

/// Changes one setting of a zone.
#[utoipa::path(patch, path = "/zones/{zone_id}/settings/{setting_id}", tag = "settings", request_body = SettingEdit,
    responses((status = 200, body = Envelope<ZoneSetting>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, String>,
    if_match: IfMatch,
    Body(body): Body<SettingEdit>,
) -> Result<Reply<ZoneSetting>> {
    let id = setting_id(&id)?;
    let wanted = setting(id, body.value.as_ref())?;
    let (stored, committed) = change(&app, &caller, zone, &if_match, &[wanted]).await?;
    Ok(Reply::new(view(id, &stored)).etag(committed.zone).committed(committed.newest))
}
