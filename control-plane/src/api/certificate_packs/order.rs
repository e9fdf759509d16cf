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

/// Refused: no certificate of another authority can be ordered here. Upload one with `POST …/custom_certificates`.
#[utoipa::path(post, path = "/zones/{zone_id}/ssl/certificate_packs/order", tag = "certificates", responses(),
    extensions(("x-orangery-effect" = json!("refused"))))]
pub(super) async fn order(State(app): State<App>, caller: Caller, Id(id): Id<ZoneId>) -> Result<Infallible> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::SslWrite, id).await?;
    Err(ApiError::NotOffered(
        "Certificate packs cannot be ordered here: get a certificate elsewhere and upload it under custom_certificates",
    ))
}
