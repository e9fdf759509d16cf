use crate::api::{
    App,
    caller::Caller,
    envelope::{Deleted as Checked, Envelope, Reply},
    error::Result,
    path::Id,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;

/// Asks for an activation check. Zones are active from the beginning, so there is nothing to wait for.
#[utoipa::path(put, path = "/zones/{zone_id}/activation_check", tag = "zones", responses((status = 200, body = Envelope<Checked>)),
    extensions(("x-orangery-effect" = json!("none"))))]
pub(super) async fn trigger(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Checked>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneWrite, id).await?;
    Ok(Reply::new(Checked { id: id.to_string() }))
}
