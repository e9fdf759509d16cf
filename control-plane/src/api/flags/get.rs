use super::Flags;
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

/// The flags of a zone.
#[utoipa::path(get, path = "/zones/{zone_id}/flags", tag = "settings", responses((status = 200, body = Envelope<Flags>)))]
pub(super) async fn get(State(app): State<App>, caller: Caller, Id(id): Id<ZoneId>) -> Result<Reply<Flags>> {
    let zone = scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneSettingsRead, id).await?;
    Ok(Reply::new(Flags::new(zone.edge.grpc())).etag(zone.revision))
}
