use super::view::Zone;
use crate::api::{
    App,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Id,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;

/// One zone.
#[utoipa::path(get, path = "/zones/{zone_id}", tag = "zones", responses((status = 200, body = Envelope<Zone>)))]
pub(super) async fn get(State(app): State<App>, caller: Caller, Id(id): Id<ZoneId>) -> Result<Reply<Zone>> {
    let zone = scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneRead, id).await?;
    let revision = zone.revision;
    Ok(Reply::new(zone.into()).etag(revision))
}
