use super::{refusal, view::CustomCertificate};
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
    db::certificates,
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};

/// One uploaded certificate.
#[utoipa::path(get, path = "/zones/{zone_id}/custom_certificates/{custom_certificate_id}", tag = "certificates",
    responses((status = 200, body = Envelope<CustomCertificate>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, CertificateId>,
) -> Result<Reply<CustomCertificate>> {
    let mut conn = app.conn().await?;
    let revision = scope::zone(&mut conn, &caller, Permission::SslRead, zone).await?.revision;
    let certificate = certificates::find_custom(&mut conn, zone, id).await?.ok_or_else(refusal::unknown)?;
    Ok(Reply::new(CustomCertificate::new(&certificate, caller.actor.at)).etag(revision))
}
