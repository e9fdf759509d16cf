use super::view::UniversalSsl;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope,
    },
    db::universal_ssl,
};
use axum::extract::State;
use policy::id::ZoneId;

/// Whether a zone has a certificate of our own authority.
#[utoipa::path(get, path = "/zones/{zone_id}/ssl/universal/settings", tag = "certificates",
    responses((status = 200, body = Envelope<UniversalSsl>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<UniversalSsl>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let enabled = universal_ssl::is_enabled(&mut conn, id).await?;
    Ok(Reply::new(UniversalSsl::new(enabled)).etag(zone.revision))
}
