use super::{unknown, view::OriginCertificate};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
    },
    db::{
        audit::Entry,
        change::Change,
        origin_ca::{self, Serial},
    },
};
use axum::extract::State;

/// Revokes a certificate: it is listed no more. Nodes ask no revocation list, so an origin must also stop showing it.
#[utoipa::path(delete, path = "/certificates/{certificate_id}", tag = "origin ca",
    responses((status = 200, body = Envelope<OriginCertificate>)))]
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Serial>,
) -> Result<Reply<OriginCertificate>> {
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    let mut certificate = origin_ca::find(change.conn(), &caller.accounts, &id).await?.ok_or_else(unknown)?;
    caller.may_in(Permission::SslWrite, certificate.account)?;
    origin_ca::revoke(&mut change, &id).await?;
    certificate.revoked_at.get_or_insert(change.at());
    change.audit(Entry::elsewhere(
        "origin_ca.revoke",
        "origin_ca_certificate",
        &certificate.id,
        Some(certificate.account),
    ));
    let revision = change.commit().await?;
    Ok(Reply::new(certificate.into()).committed(revision))
}
