//! The rows of zones, as the publisher reads them: many zones at a time.
//!
//! Rows that this program would not have written spoil their own zone and no other.

use super::{DbError, parse, records::RecordKind, settings};
use crate::settings::{Setting, changed};
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
    id::{AccountId, ZoneId},
    object::ObjectHash,
    settings::{Edge, Settings},
    ssl::SslMode,
};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::HashMap;

/// The rows of one zone.
#[derive(Debug, Clone)]
pub struct ZoneRows {
    pub id: ZoneId,
    pub account: AccountId,
    pub name: Hostname,
    pub paused: bool,
    pub settings: Settings,
    pub records: Vec<RecordRow>,
    /// In order of precedence.
    pub certificates: Vec<Certificate>,
    pub trust_store: Option<ObjectHash>,
}

#[derive(Debug, Clone)]
pub struct RecordRow {
    pub kind: RecordKind,
    pub name: Hostname,
    pub content: String,
    pub proxied: bool,
    pub origin: Option<Value>,
}

/// What was read for each zone, by the zone's id.
type ByZone<T> = HashMap<String, Result<Vec<T>, DbError>>;

/// Those of the zones that exist.
pub async fn read(
    conn: &mut PgConnection,
    ids: &[ZoneId],
) -> Result<Vec<(ZoneId, Result<ZoneRows, DbError>)>, DbError> {
    let ids: Vec<String> = ids.iter().map(ZoneId::to_string).collect();
    let mut settings = settings(conn, &ids).await?;
    let mut records = records(conn, &ids).await?;
    let mut certificates = certificates(conn, &ids).await?;
    let rows = sqlx::query_as!(
        Row,
        r#"select z.id, z.account_id, z.name, z.paused, z.ssl, z.grpc, t.hash as "trust_store?"
           from zones z left join zone_trust_stores t on t.zone_id = z.id
           where z.id = any($1) order by z.id"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let zones = rows.into_iter().map(|row| {
        let id: ZoneId = parse("zones.id", &row.id)?;
        let (settings, records) = (settings.remove(&row.id), records.remove(&row.id));
        let certificates = certificates.remove(&row.id);
        Ok((id, row.into_zone(id, settings, records, certificates)))
    });
    zones.collect()
}

struct Row {
    id: String,
    account_id: String,
    name: String,
    paused: bool,
    ssl: String,
    grpc: bool,
    trust_store: Option<Vec<u8>>,
}

impl Row {
    fn into_zone(
        self,
        id: ZoneId,
        settings: Option<Result<Vec<Setting>, DbError>>,
        records: Option<Result<Vec<RecordRow>, DbError>>,
        certificates: Option<Result<Vec<Certificate>, DbError>>,
    ) -> Result<ZoneRows, DbError> {
        let ssl = SslMode::parse(&self.ssl).ok_or(DbError::Corrupt { column: "zones.ssl" })?;
        let edge = Edge::new(ssl, self.grpc).map_err(|_| DbError::Corrupt { column: "zones.grpc" })?;
        let chosen = settings.transpose()?.unwrap_or_default();
        let chosen = chosen.iter().filter_map(Setting::enforced);
        let settings = changed(Settings { edge, ..Settings::default() }, chosen);
        Ok(ZoneRows {
            id,
            account: parse("zones.account_id", &self.account_id)?,
            name: parse("zones.name", &self.name)?,
            paused: self.paused,
            settings: settings.map_err(|_| DbError::Corrupt { column: "zone_settings.id" })?,
            records: records.transpose()?.unwrap_or_default(),
            certificates: certificates.transpose()?.unwrap_or_default(),
            trust_store: self.trust_store.map(object_hash).transpose()?,
        })
    }
}

/// Adds what one row says; the first that cannot be read stands for all.
fn gather<T>(by_zone: &mut ByZone<T>, zone: String, item: Result<T, DbError>) {
    let list = by_zone.entry(zone).or_insert_with(|| Ok(Vec::new()));
    match (list, item) {
        (Ok(list), Ok(item)) => list.push(item),
        (list @ Ok(_), Err(error)) => *list = Err(error),
        (Err(_), _) => {}
    }
}

async fn settings(conn: &mut PgConnection, zones: &[String]) -> Result<ByZone<Setting>, DbError> {
    let rows = sqlx::query!("select zone_id, id, value from zone_settings where zone_id = any($1)", zones)
        .fetch_all(conn)
        .await?;
    let mut settings = ByZone::new();
    for row in rows {
        gather(&mut settings, row.zone_id, settings::read(&row.id, &row.value));
    }
    Ok(settings)
}

async fn records(conn: &mut PgConnection, zones: &[String]) -> Result<ByZone<RecordRow>, DbError> {
    // The contents of records without a target are not needed: only that the name exists.
    let rows = sqlx::query!(
        r#"select zone_id, type as "kind: RecordKind", name, proxied, origin,
                  case when type in ('A', 'AAAA', 'CNAME') then content else '' end as "content!"
           from records where zone_id = any($1) order by zone_id, name, type, content"#,
        zones
    )
    .fetch_all(conn)
    .await?;
    let mut records = ByZone::new();
    for row in rows {
        let name =
            Hostname::parse_pattern(&row.name).map_err(|_| DbError::Corrupt { column: "records.name" });
        let (kind, content, proxied, origin) = (row.kind, row.content, row.proxied, row.origin);
        gather(
            &mut records,
            row.zone_id,
            name.map(|name| RecordRow { kind, name, content, proxied, origin }),
        );
    }
    Ok(records)
}

async fn certificates(conn: &mut PgConnection, zones: &[String]) -> Result<ByZone<Certificate>, DbError> {
    let rows = sqlx::query_as!(
        CertificateRow,
        r#"select id, zone_id, hosts, chain, fleet_key_id, key_ciphertext, not_after
           from certificates where zone_id = any($1) and not expired
           order by zone_id, source = 'custom' desc, type = 'legacy_custom' desc, priority desc, uploaded_on desc, id"#,
        zones
    )
    .fetch_all(conn)
    .await?;
    let mut certificates = ByZone::new();
    for row in rows {
        gather(&mut certificates, row.zone_id.clone(), row.into_certificate());
    }
    Ok(certificates)
}

struct CertificateRow {
    id: String,
    zone_id: String,
    hosts: Vec<String>,
    chain: Vec<Vec<u8>>,
    fleet_key_id: String,
    key_ciphertext: Vec<u8>,
    not_after: jiff_sqlx::Timestamp,
}

impl CertificateRow {
    fn into_certificate(self) -> Result<Certificate, DbError> {
        let hosts = self.hosts.iter().map(|host| Hostname::parse_pattern(host));
        let fleet_key = parse("certificates.fleet_key_id", &self.fleet_key_id)?;
        Ok(Certificate {
            id: parse("certificates.id", &self.id)?,
            hosts: hosts
                .collect::<Result<_, _>>()
                .map_err(|_| DbError::Corrupt { column: "certificates.hosts" })?,
            chain: self.chain,
            key: SealedKey { fleet_key, ciphertext: self.key_ciphertext },
            not_after_unix: self.not_after.to_jiff().as_second(),
        })
    }
}

fn object_hash(bytes: Vec<u8>) -> Result<ObjectHash, DbError> {
    bytes.try_into().map(ObjectHash).map_err(|_| DbError::Corrupt { column: "zone_trust_stores.hash" })
}
