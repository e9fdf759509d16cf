use crate::{
    api::{
        App,
        caller::Caller,
        certificate_packs::PackId,
        custom_certificates::{Status, ZoneCertificate},
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope,
    },
    db::certificates::{self, Certificate},
};
use axum::extract::State;
use jiff::Timestamp;
use policy::id::ZoneId;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verification {
    certificate_status: Status,
    cert_pack_uuid: String,
    signature: String,
    /// Always true: there is nothing left to verify.
    verification_status: bool,
    /// Always null, as are the next two: our authority asks for no proof.
    validation_method: Option<&'static str>,
    verification_type: Option<&'static str>,
    verification_info: Option<&'static str>,
    /// Always false.
    brand_check: bool,
}

impl Verification {
    fn new(certificate: &Certificate, now: Timestamp) -> Self {
        Self {
            certificate_status: ZoneCertificate::new(certificate, now).status,
            cert_pack_uuid: PackId(certificate.id).to_string(),
            signature: certificate.material.signature.clone(),
            verification_status: true,
            validation_method: None,
            verification_type: None,
            verification_info: None,
            brand_check: false,
        }
    }
}

/// What the certificate that we issued for a zone still waits for: nothing. Empty while Universal SSL is off.
#[utoipa::path(get, path = "/zones/{zone_id}/ssl/verification", tag = "certificates",
    responses((status = 200, body = Envelope<Vec<Verification>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<Vec<Verification>>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let issued = certificates::find_edge(&mut conn, id).await?;
    let views = issued.iter().map(|certificate| Verification::new(certificate, caller.actor.at)).collect();
    Ok(Reply::new(views).etag(zone.revision))
}
