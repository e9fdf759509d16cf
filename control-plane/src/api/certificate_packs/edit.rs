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

/// Refused: a pack has no validation to begin anew and no branding. Edit an uploaded certificate under `custom_certificates`.
#[utoipa::path(patch, path = "/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}", tag = "certificates", responses(),
    extensions(("x-orangery-effect" = json!("refused"))))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, pack): Ids<ZoneId, PackId>,
) -> Result<Infallible> {
    let mut conn = app.conn().await?;
    scope::zone(&mut conn, &caller, Permission::SslWrite, zone).await?;
    find(&mut conn, zone, pack).await?;
    Err(ApiError::NotOffered(
        "Certificate packs cannot be edited here: they wait for no validation; edit an uploaded certificate under custom_certificates",
    ))
}
