use super::view::{ZoneSetting, setting_id, view};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Ids,
        permission::Permission,
        scope,
    },
    db::settings,
    settings::summary,
};
use axum::extract::State;
use policy::id::ZoneId;

/// One setting of a zone.
#[utoipa::path(get, path = "/zones/{zone_id}/settings/{setting_id}", tag = "settings", description = summary(),
    responses((status = 200, body = Envelope<ZoneSetting>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(id, setting): Ids<ZoneId, String>,
) -> Result<Reply<ZoneSetting>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::ZoneSettingsRead, id).await?;
    let setting = setting_id(&setting)?;
    let stored = settings::load(&mut conn, &zone).await?;
    Ok(Reply::new(view(setting, &stored, app.clock.now())).etag(zone.revision))
}
