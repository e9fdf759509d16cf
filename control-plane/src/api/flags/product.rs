use super::Flags;
use crate::api::{
    App,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::{ApiError, Result},
    path::Ids,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use std::collections::BTreeMap;

/// The flags of one product, `protocols` or `cache`.
#[utoipa::path(get, path = "/zones/{zone_id}/flags/products/{product}/changes", tag = "settings",
    responses((status = 200, body = Envelope<BTreeMap<String, bool>>)))]
pub(super) async fn product(
    State(app): State<App>,
    caller: Caller,
    Ids(id, product): Ids<ZoneId, String>,
) -> Result<Reply<BTreeMap<&'static str, bool>>> {
    let zone = scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneSettingsRead, id).await?;
    let flags = Flags::new(zone.edge.grpc());
    match product.as_str() {
        "protocols" => Ok(Reply::new(flags.protocols).etag(zone.revision)),
        "cache" => Ok(Reply::new(flags.cache).etag(zone.revision)),
        _ => Err(ApiError::NoRoute(format!("/client/v4/zones/{id}/flags/products/{product}/changes"))),
    }
}
