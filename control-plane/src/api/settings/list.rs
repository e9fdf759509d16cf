use super::view::{ZoneSetting, view_all};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope,
    },
    db::settings,
    settings::summary,
};
use axum::extract::State;
use policy::id::ZoneId;

/// All settings of a zone.
#[utoipa::path(get, path = "/zones/{zone_id}/settings", tag = "settings", description = summary(),
    responses((status = 200, body = Envelope<Vec<ZoneSetting>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Vec<ZoneSetting>>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::ZoneSettingsRead, id).await?;
    let stored = settings::load(&mut conn, &zone).await?;
    Ok(Reply::new(view_all(&stored, app.clock.now())).etag(zone.revision))
}
