use crate::api::{
    App,
    body::Body,
    caller::Caller,
    certificate_packs::{self, PackId},
    custom_certificates::{Status, ZoneCertificate},
    envelope::{Envelope, Reply},
    error::Result,
    path::Ids,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct VerificationEdit {
    validation_method: ValidationMethod,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ValidationMethod {
    Http,
    Cname,
    Txt,
    Email,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationEdited {
    /// The certificate's.
    status: Status,
    /// The one that was asked for.
    validation_method: ValidationMethod,
}

/// Asks for another way of validation. Accepted without effect: our authority validates nothing, so no way is kept.
#[utoipa::path(patch, path = "/zones/{zone_id}/ssl/verification/{certificate_pack_id}", tag = "certificates",
    request_body = VerificationEdit, responses((status = 200, body = Envelope<VerificationEdited>)),
    extensions(("x-orangery-effect" = json!("none"))))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, pack): Ids<ZoneId, PackId>,
    Body(VerificationEdit { validation_method }): Body<VerificationEdit>,
) -> Result<Reply<VerificationEdited>> {
    let mut conn = app.conn().await?;
    scope::zone(&mut conn, &caller, Permission::SslWrite, zone).await?;
    let certificate = certificate_packs::find(&mut conn, zone, pack).await?;
    let status = ZoneCertificate::new(&certificate, caller.actor.at).status;
    Ok(Reply::new(VerificationEdited { status, validation_method }))
}
