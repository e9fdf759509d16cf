use super::{unknown, view::TrustedRoot};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Ids,
        permission::Permission,
        scope,
    },
    db::trust_store,
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};

/// One root certificate of a zone's trust store.
#[utoipa::path(get, path = "/zones/{zone_id}/acm/custom_trust_store/{custom_origin_trust_store_id}", tag = "certificates",
    responses((status = 200, body = Envelope<TrustedRoot>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, CertificateId>,
) -> Result<Reply<TrustedRoot>> {
    let mut conn = app.conn().await?;
    let revision = scope::zone(&mut conn, &caller, Permission::SslRead, zone).await?.revision;
    let found = trust_store::list(&mut conn, zone).await?.into_iter().find(|root| root.id == id);
    Ok(Reply::new(TrustedRoot::new(found.ok_or_else(unknown)?, caller.actor.at)).etag(revision))
}
