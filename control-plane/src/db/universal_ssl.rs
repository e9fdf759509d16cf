//! Whether a zone has a certificate of ours. Where it is off, none is issued, renewed or published.

use super::{DbError, change::Change};
use jiff_sqlx::ToSqlx as _;
use policy::id::ZoneId;
use sqlx::PgConnection;

/// A zone that does not exist has none.
pub async fn is_enabled(conn: &mut PgConnection, zone: ZoneId) -> Result<bool, DbError> {
    let enabled = sqlx::query_scalar!("select universal_ssl from zones where id = $1", zone.to_string())
        .fetch_optional(conn)
        .await?;
    Ok(enabled.unwrap_or_default())
}

/// Writes the switch of a locked zone. Its certificate is issued or withdrawn by whoever calls this.
pub async fn set(change: &mut Change, zone: ZoneId, enabled: bool) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    sqlx::query!(
        "update zones set universal_ssl = $2, modified_on = $3 where id = $1",
        zone.to_string(),
        enabled,
        at
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone);
    Ok(())
}
