use super::{refusal, view::audited};
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
    db::{audit::Entry, certificates},
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};

/// Deletes an uploaded certificate. Nodes show the next one that covers a name.
#[utoipa::path(delete, path = "/zones/{zone_id}/custom_certificates/{custom_certificate_id}", tag = "certificates",
    responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, CertificateId>,
    if_match: IfMatch,
) -> Result<Reply<Deleted>> {
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, zone, &if_match).await?;
    let certificate =
        certificates::find_custom(change.conn(), zone.id, id).await?.ok_or_else(refusal::unknown)?;
    certificates::delete_custom(&mut change, zone.id, id).await?;
    let entry = Entry::in_zone("custom_certificate.delete", "custom_certificate", id, zone.account, zone.id);
    change.audit(entry.before(audited(&certificate)));
    let revision = change.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }).committed(revision))
}
