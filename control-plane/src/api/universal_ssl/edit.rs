use super::view::{CERTIFICATE_AUTHORITY, UniversalSsl};
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
    certificates,
    db::{audit::Entry, universal_ssl},
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What is absent or null stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct UniversalSslEdit {
    enabled: Option<bool>,
    /// Only `orangery`: no other authority issues certificates here.
    certificate_authority: Option<String>,
}

/// Turns the certificate of our own authority on or off.
///
/// Off, it is withdrawn from all nodes and not renewed. Visitors can then use HTTPS, and therefore gRPC, only under the names of
/// the certificates that the zone's owner has uploaded; if there are none, under no name. On again, a new one is issued at once.
#[utoipa::path(patch, path = "/zones/{zone_id}/ssl/universal/settings", tag = "certificates", request_body = UniversalSslEdit,
    responses((status = 200, body = Envelope<UniversalSsl>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<UniversalSslEdit>,
) -> Result<Reply<UniversalSsl>> {
    check_authority(body.certificate_authority.as_deref())?;
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, id, &if_match).await?;
    let before = universal_ssl::is_enabled(change.conn(), id).await?;
    let enabled = body.enabled.unwrap_or(before);
    if enabled != before {
        certificates::universal_ssl::switch(&mut change, &app.master_key, id, &zone.name, enabled).await?;
        let entry = Entry::in_zone("universal_ssl.edit", "universal_ssl", id, zone.account, id);
        change.audit(entry.before(json!({ "enabled": before })).after(json!({ "enabled": enabled })));
    }
    let committed = change.commit_zone(id).await?;
    Ok(Reply::new(UniversalSsl::new(enabled)).etag(committed.zone).committed(committed.newest))
}

fn check_authority(named: Option<&str>) -> Result<()> {
    match named {
        None | Some("" | CERTIFICATE_AUTHORITY) => Ok(()),
        Some(_) => Err(ApiError::invalid(
            "/certificate_authority",
            format!(
                "Invalid value for `certificate_authority`: certificates come from `{CERTIFICATE_AUTHORITY}` alone, upload one of another authority under custom_certificates"
            ),
        )),
    }
}
