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

/// The page rules of a zone: none. All at once, without pages.
#[utoipa::path(get, path = "/zones/{zone_id}/pagerules", tag = "page rules", responses((status = 200, body = Envelope<Vec<String>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Vec<String>>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneRead, id).await?;
    Ok(Reply::new(Vec::new()))
}
