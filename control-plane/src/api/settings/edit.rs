use super::{
    change::change,
    view::{SettingValue, ZoneSetting, view},
};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Ids,
        scope::IfMatch,
    },
    settings::summary,
};
use axum::extract::State;
use policy::id::ZoneId;

/// Changes one setting of a zone.
#[utoipa::path(patch, path = "/zones/{zone_id}/settings/{setting_id}", tag = "settings", description = summary(),
    request_body = SettingValue, responses((status = 200, body = Envelope<ZoneSetting>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, String>,
    if_match: IfMatch,
    Body(body): Body<SettingValue>,
) -> Result<Reply<ZoneSetting>> {
    let wanted = body.read(&id)?;
    let id = wanted.id();
    let (stored, committed) = change(&app, &caller, zone, &if_match, vec![wanted]).await?;
    Ok(Reply::new(view(id, &stored, app.clock.now())).etag(committed.zone).committed(committed.newest))
}
