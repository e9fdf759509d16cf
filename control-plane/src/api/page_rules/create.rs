use crate::api::{
    App,
    caller::Caller,
    error::{ApiError, Result},
    path::Id,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use std::convert::Infallible;

/// Refused: there are no page rules. Use the settings of the zone and the `origin` of records.
#[utoipa::path(post, path = "/zones/{zone_id}/pagerules", tag = "page rules", responses(),
    extensions(("x-orangery-effect" = json!("refused"))))]
pub(super) async fn create(State(app): State<App>, caller: Caller, Id(id): Id<ZoneId>) -> Result<Infallible> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneWrite, id).await?;
    Err(ApiError::NotOffered(
        "There are no page rules here: use the settings of the zone, and the `origin` of a record to say how it is reached",
    ))
}
