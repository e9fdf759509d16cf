//! Zones: a domain, who owns it, and the switches that are columns because they constrain each other.

use super::{DbError, change::Change, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    hostname::Hostname,
    id::{AccountId, ZoneId},
    revision::Revision,
    settings::Edge,
    ssl::SslMode,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// Every writer of zone names holds this advisory lock, so that no two overlapping names are created at once.
const NAMES_LOCK: i64 = 0x6f72_616e_6765_0001;

#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    pub id: ZoneId,
    pub account: AccountId,
    pub account_name: String,
    pub name: Hostname,
    pub kind: ZoneKind,
    pub status: ZoneStatus,
    pub paused: bool,
    pub vanity_name_servers: Vec<String>,
    pub edge: Edge,
    pub ssl_modified_on: Option<Timestamp>,
    pub grpc_modified_on: Option<Timestamp>,
    pub revision: Revision,
    pub created_on: Timestamp,
    pub modified_on: Timestamp,
    pub activated_on: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ZoneKind {
    #[default]
    Full,
    Partial,
    Secondary,
    Internal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum ZoneStatus {
    Initializing,
    Pending,
    Active,
    Moved,
}

struct Row {
    id: String,
    account_id: String,
    account_name: String,
    name: String,
    kind: ZoneKind,
    status: ZoneStatus,
    paused: bool,
    vanity_name_servers: Vec<String>,
    ssl: String,
    grpc: bool,
    ssl_modified_on: Option<jiff_sqlx::Timestamp>,
    grpc_modified_on: Option<jiff_sqlx::Timestamp>,
    revision: i64,
    created_on: jiff_sqlx::Timestamp,
    modified_on: jiff_sqlx::Timestamp,
    activated_on: Option<jiff_sqlx::Timestamp>,
    /// How many rows the whole list has.
    total: i64,
}

impl TryFrom<Row> for Zone {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let ssl = SslMode::parse(&row.ssl).ok_or(DbError::Corrupt { column: "zones.ssl" })?;
        Ok(Self {
            id: parse("zones.id", &row.id)?,
            account: parse("zones.account_id", &row.account_id)?,
            account_name: row.account_name,
            name: parse("zones.name", &row.name)?,
            kind: row.kind,
            status: row.status,
            paused: row.paused,
            vanity_name_servers: row.vanity_name_servers,
            edge: Edge::new(ssl, row.grpc).map_err(|_| DbError::Corrupt { column: "zones.grpc" })?,
            ssl_modified_on: row.ssl_modified_on.map(jiff_sqlx::Timestamp::to_jiff),
            grpc_modified_on: row.grpc_modified_on.map(jiff_sqlx::Timestamp::to_jiff),
            revision: Revision(row.revision.unsigned_abs()),
            created_on: row.created_on.to_jiff(),
            modified_on: row.modified_on.to_jiff(),
            activated_on: row.activated_on.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

pub async fn find(conn: &mut PgConnection, id: ZoneId) -> Result<Option<Zone>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"select z.id, z.account_id, a.name as account_name, z.name, z.type as "kind: ZoneKind", z.status as "status: ZoneStatus",
                  z.paused, z.vanity_name_servers, z.ssl, z.grpc, z.ssl_modified_on, z.grpc_modified_on, z.revision,
                  z.created_on, z.modified_on, z.activated_on, 1::bigint as "total!"
           from zones z join accounts a on a.id = z.account_id
           where z.id = $1"#,
        id.to_string()
    )
    .fetch_optional(conn)
    .await?;
    row.map(Zone::try_from).transpose()
}

/// What a list is narrowed to; an absent condition admits everything.
#[derive(Debug, Default)]
pub struct Filter {
    pub name: Option<NameFilter>,
    pub account: Option<String>,
    pub account_name: Option<String>,
    pub status: Vec<String>,
    pub kind: Vec<String>,
    /// One fulfilled condition is enough.
    pub any: bool,
    pub order: Order,
    pub descending: bool,
}

#[derive(Debug)]
pub struct NameFilter {
    pub how: NameMatch,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameMatch {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Name,
    Status,
    AccountId,
    AccountName,
}

/// The zones of some accounts, and how many there are in all. `limit` and `offset` count zones.
///
/// Each condition becomes one verdict: true, false, or null where it was not asked for.
pub async fn list(
    conn: &mut PgConnection,
    accounts: &[AccountId],
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Zone>, i64), DbError> {
    let accounts: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    let name = |how| filter.name.as_ref().filter(|name| name.how == how).map(|name| name.text.clone());
    let order = match filter.order {
        Order::Name => "name",
        Order::Status => "status",
        Order::AccountId => "account.id",
        Order::AccountName => "account.name",
    };
    let rows = sqlx::query_as!(
        Row,
        r#"select z.id, z.account_id, a.name as account_name, z.name, z.type as "kind: ZoneKind", z.status as "status: ZoneStatus",
                  z.paused, z.vanity_name_servers, z.ssl, z.grpc, z.ssl_modified_on, z.grpc_modified_on, z.revision,
                  z.created_on, z.modified_on, z.activated_on, count(*) over () as "total!"
           from zones z
           join accounts a on a.id = z.account_id
           cross join lateral (select array[
               z.name = $2, z.name <> $3, position($4 in z.name) > 0, starts_with(z.name, $5), right(z.name, length($6)) = $6,
               z.account_id = $7, a.name = $8, case when $9 <> '{}'::text[] then z.status = any($9) end,
               case when $10 <> '{}'::text[] then z.type = any($10) end] as verdicts) v
           cross join lateral (select case $11 when 'status' then z.status when 'account.id' then z.account_id
                                               when 'account.name' then a.name else z.name end as key) k
           where z.account_id = any($1)
             and case when $12 then (true = any (v.verdicts)) is true or cardinality(array_remove(v.verdicts, null)) = 0
                      else (false = any (v.verdicts)) is not true end
           order by case when $13 then null else k.key end, case when $13 then k.key end desc, z.name
           limit $14 offset $15"#,
        &accounts,
        name(NameMatch::Equal),
        name(NameMatch::NotEqual),
        name(NameMatch::Contains),
        name(NameMatch::StartsWith),
        name(NameMatch::EndsWith),
        filter.account,
        filter.account_name,
        &filter.status,
        &filter.kind,
        order,
        filter.any,
        filter.descending,
        limit,
        offset
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(Zone::try_from).collect::<Result<_, _>>()?, total))
}

/// Lets this transaction alone create zones until it ends.
pub async fn lock_names(change: &mut Change) -> Result<(), DbError> {
    sqlx::query!("select pg_advisory_xact_lock($1) is null as locked", NAMES_LOCK)
        .fetch_one(change.conn())
        .await?;
    Ok(())
}

/// Whether a zone of another account has a name above or below this one.
pub async fn overlaps_another_account(
    conn: &mut PgConnection,
    name: &Hostname,
    account: AccountId,
) -> Result<bool, DbError> {
    let above: Vec<String> =
        std::iter::successors(policy::hostname::parent(name.as_str()), |name| policy::hostname::parent(name))
            .map(str::to_owned)
            .collect();
    let found = sqlx::query_scalar!(
        r#"select exists (
               select from zones
               where account_id <> $1 and (name = any($2) or starts_with(reverse(name), reverse('.' || $3::text)))
           ) as "found!""#,
        account.to_string(),
        &above,
        name.as_str()
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

pub async fn insert(
    change: &mut Change,
    id: ZoneId,
    name: &Hostname,
    account: AccountId,
    kind: ZoneKind,
    paused: bool,
) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    sqlx::query!(
        "insert into zones (id, account_id, name, type, paused, created_on, modified_on, activated_on)
         values ($1, $2, $3, $4, $5, $6, $6, $6)",
        id.to_string(),
        account.to_string(),
        name.as_str(),
        kind as ZoneKind,
        paused,
        at,
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(id);
    Ok(())
}

/// Writes what `PATCH /zones/{id}` can alter.
pub async fn update(change: &mut Change, zone: &Zone) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    sqlx::query!(
        "update zones set type = $2, paused = $3, vanity_name_servers = $4, modified_on = $5 where id = $1",
        zone.id.to_string(),
        zone.kind as ZoneKind,
        zone.paused,
        &zone.vanity_name_servers,
        at,
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone.id);
    Ok(())
}

/// Deletes the zone and everything in it.
pub async fn delete(change: &mut Change, id: ZoneId) -> Result<(), DbError> {
    sqlx::query!("delete from zones where id = $1", id.to_string()).execute(change.conn()).await?;
    change.remove_zone(id);
    Ok(())
}

pub async fn exists(conn: &mut PgConnection, name: &Hostname) -> Result<bool, DbError> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from zones where name = $1) as "found!""#,
        name.as_str()
    );
    Ok(found.fetch_one(conn).await?)
}
