use super::view::{Zone, audited};
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
    db::{
        audit::Entry,
        zones::{self, ZoneKind},
    },
};
use axum::extract::State;
use policy::{hostname::Hostname, id::ZoneId};
use serde::Deserialize;
use utoipa::ToSchema;

const VANITY_NAME_SERVERS_MAX: usize = 8;

/// What is absent or null stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ZoneEdit {
    paused: Option<bool>,
    #[schema(value_type = Option<String>)]
    r#type: Option<ZoneKind>,
    vanity_name_servers: Option<Vec<String>>,
}

/// Pauses a zone, or alters its type or its name servers.
#[utoipa::path(patch, path = "/zones/{zone_id}", tag = "zones", request_body = ZoneEdit, responses((status = 200, body = Envelope<Zone>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<ZoneEdit>,
) -> Result<Reply<Zone>> {
    let vanity_name_servers = body.vanity_name_servers.map(|names| name_servers(&names)).transpose()?;
    let (mut change, mut zone) = scope::change(&app, &caller, Permission::ZoneWrite, id, &if_match).await?;
    let before = audited(&zone);
    zone.paused = body.paused.unwrap_or(zone.paused);
    zone.kind = body.r#type.unwrap_or(zone.kind);
    zone.vanity_name_servers = vanity_name_servers.unwrap_or(zone.vanity_name_servers);
    zone.modified_on = change.at();
    zones::update(&mut change, &zone).await?;
    change.audit(
        Entry::in_zone("zone.edit", "zone", id, zone.account, id).before(before).after(audited(&zone)),
    );
    let revision = change.commit().await?;
    zone.revision = revision;
    Ok(Reply::new(zone.into()).etag(revision).committed(revision))
}

fn name_servers(names: &[String]) -> Result<Vec<String>> {
    let invalid =
        |reason: String| ApiError::invalid("/vanity_name_servers", format!("Invalid request: {reason}"));
    if names.len() > VANITY_NAME_SERVERS_MAX {
        return Err(invalid(format!("at most {VANITY_NAME_SERVERS_MAX} vanity_name_servers")));
    }
    let parsed = names.iter().map(|name| Hostname::parse(name).map(|name| name.to_string()));
    parsed.collect::<std::result::Result<_, _>>().map_err(|error| invalid(error.to_string()))
}
