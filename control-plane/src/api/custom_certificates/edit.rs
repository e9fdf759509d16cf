use super::{
    choices::{self, Elsewhere, GeoRestrictions},
    refusal,
    view::{CustomCertificate, audited},
};
use crate::{
    api::{
        App,
        body::{Body, Field},
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Ids,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::custom,
    db::{
        audit::Entry,
        certificates::{self, Certificate, Source},
    },
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};
use serde::Deserialize;
use utoipa::ToSchema;

/// What is absent stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct CertificateEdit {
    /// PEM; comes together with `private_key`.
    certificate: Option<String>,
    /// PEM, without a passphrase.
    private_key: Option<String>,
    /// `ubiquitous`, `optimal` or `force`. Kept, without effect.
    bundle_method: Option<String>,
    /// `sni_custom` or `legacy_custom`, which goes first whatever the priorities are.
    r#type: Option<String>,
    /// Kept, without effect; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<GeoRestrictions>)]
    geo_restrictions: Field<GeoRestrictions>,
    /// Kept, without effect; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    policy: Field<String>,
    /// The same as `policy`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    policy_restrictions: Field<String>,
    #[serde(flatten)]
    elsewhere: Elsewhere,
}

impl CertificateEdit {
    /// The PEM texts, if another certificate is to take the place of this one.
    fn upload(&self) -> Result<Option<(&str, &str)>> {
        let missing = |field: &str, other: &str| {
            ApiError::invalid(
                format!("/{field}"),
                format!("Invalid request: `{other}` needs its `{field}` beside it"),
            )
        };
        match (sent(&self.certificate), sent(&self.private_key)) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(missing("private_key", "certificate")),
            (None, Some(_)) => Err(missing("certificate", "private_key")),
        }
    }

    fn apply(self, certificate: &mut Certificate) -> Result<()> {
        let Source::Custom(options) = &mut certificate.source else { return Ok(()) };
        if let Some(method) = choices::word("bundle_method", self.bundle_method.as_deref())? {
            options.bundle_method = method;
        }
        if let Some(kind) = choices::word("type", self.r#type.as_deref())? {
            options.kind = kind;
        }
        match self.geo_restrictions {
            Field::Absent => {}
            Field::Null => options.geo_restrictions = None,
            Field::Given(restrictions) => options.geo_restrictions = choices::geo_label(Some(&restrictions))?,
        }
        let policy = if self.policy == Field::Absent { self.policy_restrictions } else { self.policy };
        match policy {
            Field::Absent => {}
            Field::Null => options.policy = None,
            Field::Given(text) => options.policy = choices::policy(Some(text))?,
        }
        Ok(())
    }
}

fn sent(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Puts another certificate and key in the place of one, or alters what was chosen beside it.
#[utoipa::path(patch, path = "/zones/{zone_id}/custom_certificates/{custom_certificate_id}", tag = "certificates",
    request_body = CertificateEdit, responses((status = 200, body = Envelope<CustomCertificate>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, CertificateId>,
    if_match: IfMatch,
    Body(body): Body<CertificateEdit>,
) -> Result<Reply<CustomCertificate>> {
    body.elsewhere.check()?;
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, zone, &if_match).await?;
    let (now, held) = (change.at(), certificates::list_custom(change.conn(), zone.id).await?);
    let former = held.iter().find(|certificate| certificate.id == id).ok_or_else(refusal::unknown)?;
    let upload =
        body.upload()?.map(|pem| refusal::checked(pem, &zone.name, &held, Some(id), now)).transpose()?;
    let mut certificate = Certificate { modified_on: now, ..former.clone() };
    body.apply(&mut certificate)?;
    match upload {
        Some(upload) => {
            certificate = custom::replace(&mut change, &app.master_key, certificate, upload).await?
        }
        None => certificates::save(&mut change, &certificate).await?,
    }
    let entry = Entry::in_zone("custom_certificate.edit", "custom_certificate", id, zone.account, zone.id);
    change.audit(entry.before(audited(former)).after(audited(&certificate)));
    let committed = change.commit_zone(zone.id).await?;
    Ok(Reply::new(CustomCertificate::new(&certificate, now)).etag(committed.zone).committed(committed.newest))
}
