//! From an id in a path to a zone that the caller may see or change.

use super::{
    App,
    caller::Caller,
    error::{ApiError, Result},
    gzip::plain_tag,
    permission::Permission,
};
use crate::db::{
    audit,
    change::Change,
    zones::{self, Zone},
};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use policy::{id::ZoneId, revision::Revision};
use sqlx::PgConnection;

/// The zone, if the caller may do this in it.
///
/// Zones of others and zones that never were are refused alike; a zone that the caller had until it was deleted is 404, which
/// is what makes declarative clients forget it.
pub(crate) async fn zone(
    conn: &mut PgConnection,
    caller: &Caller,
    permission: Permission,
    id: ZoneId,
) -> Result<Zone> {
    if let Some(zone) = zones::find(conn, id).await? {
        caller.may(permission, &zone)?;
        return Ok(zone);
    }
    match audit::account_of(conn, id).await? {
        Some(account) if caller.accounts.contains(&account) => {
            Err(ApiError::NoRoute(format!("/client/v4/zones/{id}")))
        }
        _ => Err(ApiError::ZoneRefused),
    }
}

/// Begins a change of a zone, which stays locked until the change is committed or dropped.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    permission: Permission,
    id: ZoneId,
    if_match: &IfMatch,
) -> Result<(Change, Zone)> {
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    zone(change.conn(), caller, permission, id).await?;
    change.lock_zones(&[id]).await?;
    let locked = zone(change.conn(), caller, permission, id).await?;
    if_match.check(locked.revision)?;
    Ok((change, locked))
}

/// `If-Match`: the revision on which a write builds (RFC 9110, 13.1.1).
#[derive(Debug, Default)]
pub(crate) struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    fn check(&self, revision: Revision) -> Result<()> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let current = format!("\"{revision}\"");
        if tags.iter().any(|tag| tag == "*" || plain_tag(tag) == current) {
            Ok(())
        } else {
            Err(ApiError::Stale(revision))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Ok(Self(None));
        }
        let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        Ok(Self(Some(tags.map(|tag| tag.trim().to_owned()).collect())))
    }
}
