use super::{unknown, view::audited};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Deleted, Envelope, Reply},
        error::Result,
        path::Ids,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::trust_store::publish,
    db::{audit::Entry, trust_store},
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};

/// Takes a root certificate out of what the zone trusts at its origins.
#[utoipa::path(delete, path = "/zones/{zone_id}/acm/custom_trust_store/{custom_origin_trust_store_id}", tag = "certificates",
    responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, CertificateId>,
    if_match: IfMatch,
) -> Result<Reply<Deleted>> {
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, zone, &if_match).await?;
    let held = trust_store::list(change.conn(), zone.id).await?;
    let root = held.into_iter().find(|root| root.id == id).ok_or_else(unknown)?;
    trust_store::delete(&mut change, zone.id, id).await?;
    publish(&mut change, &app.master_key, zone.id).await?;
    let entry = Entry::in_zone("custom_trust_store.delete", "custom_trust_store", id, zone.account, zone.id);
    change.audit(entry.before(audited(&root.issuer, root.not_after)));
    let revision = change.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }).committed(revision))
}
