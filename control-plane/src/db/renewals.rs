//! What the reconciler of certificates looks for and writes.

use super::{DbError, change::Change, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    hostname::Hostname,
    id::{AccountId, ZoneId},
};
use sqlx::PgConnection;

/// A zone whose certificates a reconciler has to look after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub zone: ZoneId,
    pub account: AccountId,
    pub name: Hostname,
}

/// Zones, at most `limit` of them and those after `after`, that want a certificate of ours and have none valid beyond `until`.
pub async fn zones_to_renew(
    conn: &mut PgConnection,
    until: Timestamp,
    after: Option<ZoneId>,
    limit: i64,
) -> Result<Vec<Due>, DbError> {
    let rows = sqlx::query!(
        "select z.id, z.account_id, z.name from zones z
         where z.universal_ssl and z.id > $2
           and not exists (select from certificates c where c.zone_id = z.id and c.source = 'edge' and c.not_after > $1)
         order by z.id limit $3",
        until.to_sqlx(),
        after.map(|zone| zone.to_string()).unwrap_or_default(),
        limit
    )
    .fetch_all(conn)
    .await?;
    let due = rows.iter().map(|row| {
        let (zone, account) = (parse("zones.id", &row.id)?, parse("zones.account_id", &row.account_id)?);
        Ok(Due { zone, account, name: parse("zones.name", &row.name)? })
    });
    due.collect()
}

/// Whether a zone exists, wants a certificate of ours and has none valid beyond `until`.
pub async fn is_to_renew(conn: &mut PgConnection, until: Timestamp, zone: ZoneId) -> Result<bool, DbError> {
    let is_due = sqlx::query_scalar!(
        r#"select exists (select from zones where id = $1 and universal_ssl)
                  and not exists (select from certificates where zone_id = $1 and source = 'edge' and not_after > $2) as "is_due!""#,
        zone.to_string(),
        until.to_sqlx()
    )
    .fetch_one(conn)
    .await?;
    Ok(is_due)
}

/// Zones, at most `limit` of them, that publish an uploaded certificate whose end has passed at `now`.
pub async fn zones_to_expire(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<ZoneId>, DbError> {
    let ids = sqlx::query_scalar!(
        "select distinct zone_id from certificates
         where source = 'custom' and not expired and not_after <= $1 order by zone_id limit $2",
        now.to_sqlx(),
        limit
    )
    .fetch_all(conn)
    .await?;
    ids.iter().map(|id| parse("certificates.zone_id", id)).collect()
}

/// Marks uploaded certificates of some zones whose end has passed, and publishes the zones without them.
pub async fn expire(change: &mut Change, zones: &[ZoneId]) -> Result<(), DbError> {
    let (at, ids) = (change.at().to_sqlx(), zones.iter().map(ZoneId::to_string).collect::<Vec<_>>());
    let expired = sqlx::query_scalar!(
        "update certificates set expired = true
         where zone_id = any($1) and source = 'custom' and not expired and not_after <= $2 returning zone_id",
        &ids,
        at
    )
    .fetch_all(change.conn())
    .await?;
    for zone in &expired {
        change.publish_zone(parse("certificates.zone_id", zone)?);
    }
    Ok(())
}

/// Takes the reconciler's advisory lock until the transaction ends; whether this replica has it.
pub async fn try_lock_reconciler(conn: &mut PgConnection) -> Result<bool, DbError> {
    const RECONCILER_LOCK: i64 = 0x6f72_616e_6765_0010;
    Ok(sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, RECONCILER_LOCK)
        .fetch_one(conn)
        .await?)
}
