//! Certificates that nodes show to visitors: issued by us for every zone, or uploaded by the zone's owner.

use super::{DbError, change::Change, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    certificate::SealedKey,
    hostname::Hostname,
    id::{CertificateId, ZoneId},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    pub id: CertificateId,
    pub zone: ZoneId,
    pub material: Material,
    pub source: Source,
    /// Its end has passed; it is kept and not published.
    pub expired: bool,
    pub uploaded_on: Timestamp,
    pub modified_on: Timestamp,
}

/// What a certificate says and the key that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// Each within the zone.
    pub hosts: Vec<Hostname>,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    pub key: SealedKey,
    pub issuer: String,
    pub signature: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Issued by our edge authority; one for each zone.
    Edge,
    /// Uploaded by the zone's owner.
    Custom(Options),
}

/// What the owner chose beside an uploaded certificate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Higher goes first among those of one kind.
    pub priority: i32,
    pub bundle_method: BundleMethod,
    pub kind: CustomKind,
    pub geo_restrictions: Option<GeoLabel>,
    pub policy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum BundleMethod {
    #[default]
    Ubiquitous,
    Optimal,
    Force,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CustomKind {
    /// Goes before every `sni_custom`, whatever the priorities are.
    LegacyCustom,
    #[default]
    SniCustom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum GeoLabel {
    Us,
    Eu,
    HighestSecurity,
}

struct Row {
    id: String,
    zone_id: String,
    source: String,
    hosts: Vec<String>,
    chain: Vec<Vec<u8>>,
    fleet_key_id: String,
    key_ciphertext: Vec<u8>,
    issuer: String,
    signature: String,
    not_before: jiff_sqlx::Timestamp,
    not_after: jiff_sqlx::Timestamp,
    priority: i32,
    bundle_method: BundleMethod,
    kind: CustomKind,
    geo_restrictions: Option<GeoLabel>,
    policy: Option<String>,
    expired: bool,
    uploaded_on: jiff_sqlx::Timestamp,
    modified_on: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Certificate {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let source = match row.source.as_str() {
            "edge" => Source::Edge,
            _ => Source::Custom(Options {
                priority: row.priority,
                bundle_method: row.bundle_method,
                kind: row.kind,
                geo_restrictions: row.geo_restrictions,
                policy: row.policy,
            }),
        };
        let material = Material {
            hosts: row.hosts.iter().map(|host| pattern(host)).collect::<Result<_, _>>()?,
            chain: row.chain,
            key: SealedKey {
                fleet_key: parse("certificates.fleet_key_id", &row.fleet_key_id)?,
                ciphertext: row.key_ciphertext,
            },
            issuer: row.issuer,
            signature: row.signature,
            not_before: row.not_before.to_jiff(),
            not_after: row.not_after.to_jiff(),
        };
        Ok(Self {
            id: parse("certificates.id", &row.id)?,
            zone: parse("certificates.zone_id", &row.zone_id)?,
            material,
            source,
            expired: row.expired,
            uploaded_on: row.uploaded_on.to_jiff(),
            modified_on: row.modified_on.to_jiff(),
        })
    }
}

fn pattern(host: &str) -> Result<Hostname, DbError> {
    Hostname::parse_pattern(host).map_err(|_| DbError::Corrupt { column: "certificates.hosts" })
}

/// The certificates of a zone in order of precedence: those that its owner uploaded, then the one that we issued.
pub async fn list(conn: &mut PgConnection, zone: ZoneId) -> Result<Vec<Certificate>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, zone_id, source, hosts, chain, fleet_key_id, key_ciphertext, issuer, signature, not_before, not_after, priority,
                  bundle_method as "bundle_method: BundleMethod", type as "kind: CustomKind",
                  geo_restrictions as "geo_restrictions: GeoLabel", policy, expired, uploaded_on, modified_on
           from certificates where zone_id = $1
           order by source = 'custom' desc, type = 'legacy_custom' desc, priority desc, uploaded_on desc, id"#,
        zone.to_string()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Certificate::try_from).collect()
}

/// The uploaded certificates of a zone in order of precedence.
pub async fn list_custom(conn: &mut PgConnection, zone: ZoneId) -> Result<Vec<Certificate>, DbError> {
    let mut certificates = list(conn, zone).await?;
    certificates.retain(|certificate| certificate.source != Source::Edge);
    Ok(certificates)
}

/// An uploaded certificate of a zone.
pub async fn find_custom(
    conn: &mut PgConnection,
    zone: ZoneId,
    id: CertificateId,
) -> Result<Option<Certificate>, DbError> {
    Ok(list_custom(conn, zone).await?.into_iter().find(|certificate| certificate.id == id))
}

/// The certificate that we issued for a zone.
pub async fn find_edge(conn: &mut PgConnection, zone: ZoneId) -> Result<Option<Certificate>, DbError> {
    Ok(list(conn, zone).await?.into_iter().find(|certificate| certificate.source == Source::Edge))
}

/// Writes a certificate, in place of the one with the same id, and of the zone's former one if we issued it.
pub async fn save(change: &mut Change, certificate: &Certificate) -> Result<(), DbError> {
    let Certificate { id, zone, material, .. } = certificate;
    if certificate.source == Source::Edge {
        delete_edge(change, *zone).await?;
    }
    let (source, options) = match &certificate.source {
        Source::Edge => ("edge", &Options::default()),
        Source::Custom(options) => ("custom", options),
    };
    let hosts: Vec<String> = material.hosts.iter().map(Hostname::to_string).collect();
    sqlx::query!(
        "insert into certificates (id, zone_id, source, hosts, chain, fleet_key_id, key_ciphertext, issuer, signature, not_before,
                                   not_after, priority, bundle_method, type, geo_restrictions, policy, expired, uploaded_on, modified_on)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         on conflict (id) do update set
             hosts = excluded.hosts, chain = excluded.chain, fleet_key_id = excluded.fleet_key_id,
             key_ciphertext = excluded.key_ciphertext, issuer = excluded.issuer, signature = excluded.signature,
             not_before = excluded.not_before, not_after = excluded.not_after, priority = excluded.priority,
             bundle_method = excluded.bundle_method, type = excluded.type, geo_restrictions = excluded.geo_restrictions,
             policy = excluded.policy, expired = excluded.expired, uploaded_on = excluded.uploaded_on,
             modified_on = excluded.modified_on",
        id.to_string(),
        zone.to_string(),
        source,
        &hosts,
        &material.chain,
        material.key.fleet_key.to_string(),
        material.key.ciphertext,
        material.issuer,
        material.signature,
        material.not_before.to_sqlx(),
        material.not_after.to_sqlx(),
        options.priority,
        options.bundle_method as BundleMethod,
        options.kind as CustomKind,
        options.geo_restrictions as Option<GeoLabel>,
        options.policy,
        certificate.expired,
        certificate.uploaded_on.to_sqlx(),
        certificate.modified_on.to_sqlx(),
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(*zone);
    Ok(())
}

/// Deletes the certificate that we issued for a zone, if there is one.
pub async fn delete_edge(change: &mut Change, zone: ZoneId) -> Result<(), DbError> {
    sqlx::query!("delete from certificates where zone_id = $1 and source = 'edge'", zone.to_string())
        .execute(change.conn())
        .await?;
    change.publish_zone(zone);
    Ok(())
}

/// Deletes an uploaded certificate; whether there was one.
pub async fn delete_custom(change: &mut Change, zone: ZoneId, id: CertificateId) -> Result<bool, DbError> {
    let deleted = sqlx::query!(
        "delete from certificates where zone_id = $1 and id = $2 and source = 'custom'",
        zone.to_string(),
        id.to_string()
    )
    .execute(change.conn())
    .await?;
    if deleted.rows_affected() == 1 {
        change.publish_zone(zone);
    }
    Ok(deleted.rows_affected() == 1)
}
