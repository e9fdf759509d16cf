use super::view::Subscription;
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

/// What a zone is subscribed to, which is the same for every zone.
#[utoipa::path(get, path = "/zones/{zone_id}/subscription", tag = "zones", responses((status = 200, body = Envelope<Subscription>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Subscription>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneRead, id).await?;
    Ok(Reply::new(Subscription::of(id)))
}
