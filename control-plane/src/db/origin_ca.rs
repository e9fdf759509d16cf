//! Certificates that the Origin CA issued.

use super::{DbError, change::Change, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{hostname::Hostname, id::AccountId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::{collections::BTreeMap, str::FromStr};

#[derive(Debug, Clone, PartialEq)]
pub struct OriginCertificate {
    /// The serial number in decimal.
    pub id: String,
    pub account: AccountId,
    /// DER.
    pub certificate: Vec<u8>,
    /// PEM, as it was sent.
    pub csr: String,
    pub hostnames: Vec<Hostname>,
    pub request_type: RequestType,
    pub validity_days: i32,
    pub created_on: Timestamp,
    pub expires_on: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "kebab-case")]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub enum RequestType {
    OriginRsa,
    OriginEcc,
    KeylessCertificate,
}

/// A serial number in decimal, as it stands in paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a serial number has 1 to 48 decimal digits")]
pub struct InvalidSerial;

impl FromStr for Serial {
    type Err = InvalidSerial;

    fn from_str(text: &str) -> Result<Self, InvalidSerial> {
        let fits = (1..=48).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidSerial) }
    }
}

struct Row {
    id: String,
    account_id: String,
    certificate: Vec<u8>,
    csr: String,
    hostnames: Vec<String>,
    request_type: RequestType,
    requested_validity: i32,
    created_on: jiff_sqlx::Timestamp,
    expires_on: jiff_sqlx::Timestamp,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    /// How many rows the whole list has.
    total: i64,
}

impl TryFrom<Row> for OriginCertificate {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let host = |host: &String| {
            Hostname::parse_pattern(host)
                .map_err(|_| DbError::Corrupt { column: "origin_ca_certificates.hostnames" })
        };
        Ok(Self {
            id: row.id,
            account: parse("origin_ca_certificates.account_id", &row.account_id)?,
            certificate: row.certificate,
            csr: row.csr,
            hostnames: row.hostnames.iter().map(host).collect::<Result<_, _>>()?,
            request_type: row.request_type,
            validity_days: row.requested_validity,
            created_on: row.created_on.to_jiff(),
            expires_on: row.expires_on.to_jiff(),
            revoked_at: row.revoked_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

pub async fn insert(change: &mut Change, certificate: &OriginCertificate) -> Result<(), DbError> {
    let hostnames: Vec<String> = certificate.hostnames.iter().map(Hostname::to_string).collect();
    sqlx::query!(
        "insert into origin_ca_certificates
             (id, account_id, certificate, csr, hostnames, request_type, requested_validity, created_on, expires_on)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        certificate.id,
        certificate.account.to_string(),
        certificate.certificate,
        certificate.csr,
        &hostnames,
        certificate.request_type as RequestType,
        certificate.validity_days,
        certificate.created_on.to_sqlx(),
        certificate.expires_on.to_sqlx(),
    )
    .execute(change.conn())
    .await?;
    Ok(())
}

/// One page of an account's certificates that are not revoked and speak for a name in a zone, the newest first, and how many
/// there are in all.
pub async fn list(
    conn: &mut PgConnection,
    account: AccountId,
    zone: &Hostname,
    limit: i64,
    offset: i64,
) -> Result<(Vec<OriginCertificate>, i64), DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, account_id, certificate, csr, hostnames, request_type as "request_type: RequestType", requested_validity,
                  created_on, expires_on, revoked_at, count(*) over () as "total!"
           from origin_ca_certificates
           where account_id = $1 and revoked_at is null
             and exists (select from unnest(hostnames) as host where host = $2 or right(host, length($2) + 1) = '.' || $2)
           order by created_on desc, id limit $3 offset $4"#,
        account.to_string(),
        zone.as_str(),
        limit,
        offset
    )
    .fetch_all(&mut *conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(OriginCertificate::try_from).collect::<Result<_, _>>()?, total))
}

/// A certificate of any of some accounts, revoked ones included.
pub async fn find(
    conn: &mut PgConnection,
    accounts: &[AccountId],
    id: &Serial,
) -> Result<Option<OriginCertificate>, DbError> {
    let accounts: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    let row = sqlx::query_as!(
        Row,
        r#"select id, account_id, certificate, csr, hostnames, request_type as "request_type: RequestType", requested_validity,
                  created_on, expires_on, revoked_at, 1::bigint as "total!"
           from origin_ca_certificates where account_id = any($1) and id = $2"#,
        &accounts,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(OriginCertificate::try_from).transpose()
}

/// Revokes a certificate; an earlier revocation stands.
pub async fn revoke(change: &mut Change, id: &Serial) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    sqlx::query!(
        "update origin_ca_certificates set revoked_at = coalesce(revoked_at, $2) where id = $1",
        id.0,
        at
    )
    .execute(change.conn())
    .await?;
    Ok(())
}

/// The zones of some accounts that are or stand above any of some names, by name.
pub async fn zones_above(
    conn: &mut PgConnection,
    accounts: &[AccountId],
    names: &[Hostname],
) -> Result<BTreeMap<Hostname, AccountId>, DbError> {
    let accounts: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    let mut above: Vec<String> = names
        .iter()
        .flat_map(|name| std::iter::successors(Some(name.as_str()), |name| policy::hostname::parent(name)))
        .map(str::to_owned)
        .collect();
    above.sort();
    above.dedup();
    let rows = sqlx::query!(
        "select name, account_id from zones where account_id = any($1) and name = any($2)",
        &accounts,
        &above
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((parse("zones.name", &row.name)?, parse("zones.account_id", &row.account_id)?)))
        .collect()
}
