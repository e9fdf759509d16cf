use super::{PackId, find, view::CertificatePack};
use crate::api::{
    App,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Ids,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;

/// One certificate of a zone as a pack.
#[utoipa::path(get, path = "/zones/{zone_id}/ssl/certificate_packs/{certificate_pack_id}", tag = "certificates",
    responses((status = 200, body = Envelope<CertificatePack>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, pack): Ids<ZoneId, PackId>,
) -> Result<Reply<CertificatePack>> {
    let mut conn = app.conn().await?;
    let revision = scope::zone(&mut conn, &caller, Permission::SslRead, zone).await?.revision;
    let certificate = find(&mut conn, zone, pack).await?;
    Ok(Reply::new(CertificatePack::new(&certificate, caller.actor.at)).etag(revision))
}
