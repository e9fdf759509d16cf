use super::{
    choices::{self, Elsewhere, GeoRestrictions},
    refusal,
    view::{CustomCertificate, audited},
};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::custom,
    db::{
        audit::Entry,
        certificates::{self, Options},
    },
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(super) struct NewCertificate {
    /// PEM: the certificate, then each issuer. At most 32 KiB.
    certificate: String,
    /// PEM: PKCS #8, PKCS #1 or SEC 1, without a passphrase.
    private_key: String,
    /// `ubiquitous`, `optimal` or `force`. Kept, without effect: the chain is shown as it was sent.
    bundle_method: Option<String>,
    /// `sni_custom` or `legacy_custom`, which goes first whatever the priorities are.
    r#type: Option<String>,
    /// Kept, without effect.
    geo_restrictions: Option<GeoRestrictions>,
    /// Kept, without effect.
    policy: Option<String>,
    /// The same as `policy`.
    policy_restrictions: Option<String>,
    #[serde(flatten)]
    elsewhere: Elsewhere,
}

impl NewCertificate {
    fn options(&self) -> Result<Options> {
        self.elsewhere.check()?;
        Ok(Options {
            priority: 0,
            bundle_method: choices::word("bundle_method", self.bundle_method.as_deref())?.unwrap_or_default(),
            kind: choices::word("type", self.r#type.as_deref())?.unwrap_or_default(),
            geo_restrictions: choices::geo_label(self.geo_restrictions.as_ref())?,
            policy: choices::policy(self.policy.clone().or_else(|| self.policy_restrictions.clone()))?,
        })
    }
}

/// Uploads a certificate. Each of its names must lie within the zone.
#[utoipa::path(post, path = "/zones/{zone_id}/custom_certificates", tag = "certificates", request_body = NewCertificate,
    responses((status = 200, body = Envelope<CustomCertificate>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<NewCertificate>,
) -> Result<Reply<CustomCertificate>> {
    let options = body.options()?;
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, id, &if_match).await?;
    let (now, held) = (change.at(), certificates::list_custom(change.conn(), id).await?);
    refusal::check_room(&held)?;
    let upload = refusal::checked((&body.certificate, &body.private_key), &zone.name, &held, None, now)?;
    let certificate = custom::add(&mut change, &app.master_key, id, upload, options).await?;
    let entry =
        Entry::in_zone("custom_certificate.create", "custom_certificate", certificate.id, zone.account, id);
    change.audit(entry.after(audited(&certificate)));
    let committed = change.commit_zone(id).await?;
    Ok(Reply::new(CustomCertificate::new(&certificate, now)).etag(committed.zone).committed(committed.newest))
}
