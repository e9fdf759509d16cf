use super::{PackId, find};
use crate::api::{
    App,
    caller::Caller,
    error::{ApiError, Result},
    path::Ids,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use std::convert::Infallible;

/// Refused: delete an uploaded certificate under `custom_certificates`, or turn the universal one off under
/// `ssl/universal/settings`.
#[utoipa::path(delete, path = "/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}", tag = "certificates", responses(),
    extensions(("x-orangery-effect" = json!("refused"))))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, pack): Ids<ZoneId, PackId>,
) -> Result<Infallible> {
    let mut conn = app.conn().await?;
    scope::zone(&mut conn, &caller, Permission::SslWrite, zone).await?;
    find(&mut conn, zone, pack).await?;
    Err(ApiError::NotOffered(
        "Certificate packs cannot be deleted here: delete an uploaded certificate under custom_certificates, or turn the universal one off under ssl/universal/settings",
    ))
}
