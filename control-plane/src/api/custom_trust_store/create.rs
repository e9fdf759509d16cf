use super::view::{TrustedRoot, audited};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::trust_store::{AUTHORITIES_PER_ZONE_MAX, Root, RootError, publish},
    db::{
        audit::Entry,
        trust_store::{self, Authority},
    },
    random,
};
use axum::extract::State;
use jiff::Timestamp;
use policy::id::{CertificateId, ZoneId};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewRoot {
    /// PEM: one root certificate.
    certificate: String,
}

/// Adds a root certificate to what the zone trusts at its origins.
#[utoipa::path(post, path = "/zones/{zone_id}/acm/custom_trust_store", tag = "certificates", request_body = NewRoot,
    responses((status = 200, body = Envelope<TrustedRoot>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<NewRoot>,
) -> Result<Reply<TrustedRoot>> {
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, id, &if_match).await?;
    let now = change.at();
    let root = checked(&body.certificate, &trust_store::list(change.conn(), id).await?, now)?;
    let added = CertificateId::from_bytes(random::bytes());
    trust_store::insert(&mut change, id, added, &root).await?;
    publish(&mut change, &app.master_key, id).await?;
    let entry = Entry::in_zone("custom_trust_store.create", "custom_trust_store", added, zone.account, id);
    change.audit(entry.after(audited(&root.facts.issuer, root.facts.not_after)));
    let committed = change.commit_zone(id).await?;
    Ok(Reply::new(TrustedRoot::new(Authority::new(added, root, now), now))
        .etag(committed.zone)
        .committed(committed.newest))
}

fn checked(text: &str, held: &[Authority], now: Timestamp) -> Result<Root> {
    let root = Root::check(text, now).map_err(|error| match error {
        RootError::NotAnAuthority | RootError::NotSelfSigned => {
            ApiError::refused(1411, format!("Invalid certificate: {error}."))
        }
        _ => ApiError::refused(1002, format!("Invalid certificate: {error}.")),
    })?;
    if held.iter().any(|authority| authority.certificate == root.der) {
        return Err(ApiError::refused(1220, "This certificate has already been submitted."));
    }
    if held.len() >= AUTHORITIES_PER_ZONE_MAX {
        let message = format!(
            "You have reached the maximum number of root certificates. It is {AUTHORITIES_PER_ZONE_MAX}."
        );
        return Err(ApiError::refused(1212, message));
    }
    Ok(root)
}
