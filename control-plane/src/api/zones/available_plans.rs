use super::plan::{PLAN, Plan};
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

/// The plans a zone can have: there is one.
#[utoipa::path(get, path = "/zones/{zone_id}/available_plans", tag = "zones", responses((status = 200, body = Envelope<Vec<Plan>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Vec<Plan>>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneRead, id).await?;
    Ok(Reply::new(vec![PLAN]))
}
