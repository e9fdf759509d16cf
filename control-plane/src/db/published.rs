//! What the publisher reads: history, and the rows of documents, all in one consistent view.

use super::{DbError, parse, records::RecordKind};
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
    id::{AccountId, FleetKeyId, ZoneId},
    object::{ObjectHash, TrustStore},
    revision::{Chain, Position, Revision},
    settings::{Edge, Settings},
    ssl::SslMode,
};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, Postgres, Transaction, postgres::PgListener};
use std::collections::HashMap;

/// A view of the database at one moment: everything read through it belongs to the same revision.
pub struct View {
    transaction: Transaction<'static, Postgres>,
}

/// Where history stands, and whether a place remembered from before is still part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub position: Position,
    /// Whether the remembered position is in this history. False after the database was replaced by an older or another one.
    pub continues: bool,
    pub fleet_key: Option<FleetKeyId>,
    pub census: Census,
}

/// Tells two lists of nodes apart: nodes are never deleted, and a revocation is never taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    pub nodes: i64,
    pub revoked: i64,
}

/// The newest thing that happened to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// As it stands in the outbox.
    pub document: String,
    pub revision: Revision,
    pub removed: bool,
}

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

/// Wakes the publisher. Only a hint: it is lost with its connection, and truth is in the tables.
pub struct Nudges(PgListener);

impl Nudges {
    pub async fn listen(pool: &PgPool) -> Result<Self, DbError> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all(["orangery_revision", "orangery_nodes"]).await?;
        Ok(Self(listener))
    }

    /// Returns when something happened, and at once after a lost connection was opened again.
    pub async fn next(&mut self) -> Result<(), DbError> {
        self.0.try_recv().await?;
        Ok(())
    }
}

impl View {
    pub async fn open(pool: &PgPool) -> Result<Self, DbError> {
        Ok(Self { transaction: pool.begin_with("begin isolation level repeatable read read only").await? })
    }

    pub async fn close(self) -> Result<(), DbError> {
        Ok(self.transaction.commit().await?)
    }

    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// The newest position, and whether `known` lies before it or is it.
    pub async fn head(&mut self, known: Position) -> Result<Head, DbError> {
        let row = sqlx::query!(
            "select c.revision, c.chain, r.chain as \"known?\",
                    (select id from fleet_keys where retired_on is null) as fleet_key,
                    n.nodes as \"nodes!\", n.revoked as \"revoked!\"
             from revision_counter c left join revisions r on r.revision = $1
                  cross join (select count(*) as nodes, count(revoked_on) as revoked from nodes) n",
            known.revision.0.cast_signed()
        )
        .fetch_one(self.conn())
        .await?;
        let first = known == Position::default();
        Ok(Head {
            position: Position { revision: Revision(row.revision.unsigned_abs()), chain: chain(row.chain)? },
            continues: first || row.known.is_some_and(|chain| chain == known.chain.0),
            fleet_key: row.fleet_key.map(|id| parse("fleet_keys.id", &id)).transpose()?,
            census: Census { nodes: row.nodes, revoked: row.revoked },
        })
    }

    /// The documents touched after a revision, each once.
    pub async fn touched_since(&mut self, revision: Revision) -> Result<Vec<Touched>, DbError> {
        let rows = sqlx::query!(
            r#"select distinct on (document) document, revision, removed from outbox where revision > $1
               order by document, revision desc"#,
            revision.0.cast_signed()
        )
        .fetch_all(self.conn())
        .await?;
        let touched = rows.into_iter().map(|row| Touched {
            document: row.document,
            revision: Revision(row.revision.unsigned_abs()),
            removed: row.removed,
        });
        Ok(touched.collect())
    }

    /// Those of the zones that exist.
    pub async fn zones(&mut self, ids: &[ZoneId]) -> Result<Vec<ZoneRows>, DbError> {
        let ids: Vec<String> = ids.iter().map(ZoneId::to_string).collect();
        let conn = self.conn();
        let mut settings = settings(conn, &ids).await?;
        let mut records = records(conn, &ids).await?;
        let mut certificates = certificates(conn, &ids).await?;
        let rows = sqlx::query!(
            r#"select z.id, z.account_id, z.name, z.paused, z.ssl, z.grpc, t.hash as "trust_store?"
               from zones z left join zone_trust_stores t on t.zone_id = z.id
               where z.id = any($1) order by z.id"#,
            &ids
        )
        .fetch_all(conn)
        .await?;
        let zones = rows.into_iter().map(|row| {
            let ssl = SslMode::parse(&row.ssl).ok_or(DbError::Corrupt { column: "zones.ssl" })?;
            let edge = Edge::new(ssl, row.grpc).map_err(|_| DbError::Corrupt { column: "zones.grpc" })?;
            let chosen = settings.remove(&row.id).unwrap_or_default();
            Ok(ZoneRows {
                id: parse("zones.id", &row.id)?,
                account: parse("zones.account_id", &row.account_id)?,
                name: parse("zones.name", &row.name)?,
                paused: row.paused,
                settings: apply_settings(edge, &chosen)?,
                records: records.remove(&row.id).unwrap_or_default(),
                certificates: certificates.remove(&row.id).unwrap_or_default(),
                trust_store: row.trust_store.map(object_hash).transpose()?,
            })
        });
        zones.collect()
    }

    /// Those of the trust stores that exist.
    pub async fn trust_stores(&mut self, hashes: &[ObjectHash]) -> Result<Vec<TrustStore>, DbError> {
        let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
        let rows = sqlx::query_scalar!("select certificates from trust_stores where hash = any($1)", &hashes)
            .fetch_all(self.conn())
            .await?;
        Ok(rows.into_iter().map(TrustStore::new).collect())
    }
}

/// Forgets history that is `revisions_max` revisions old or older: what happened to documents before their newest form, and
/// removals. A node that was away for longer gets everything anew, since its position is not found any more.
pub async fn compact(pool: &PgPool, revisions_max: u64) -> Result<(), DbError> {
    let mut transaction = pool.begin().await?;
    let newest =
        sqlx::query_scalar!("select revision from revision_counter").fetch_one(&mut *transaction).await?;
    let horizon = newest.saturating_sub_unsigned(revisions_max);
    sqlx::query!(
        "delete from outbox o where revision <= $1
         and (removed or exists (select 1 from outbox n where n.document = o.document and n.revision > o.revision))",
        horizon
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from revisions where revision <= $1", horizon).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Whether a position is part of the history in the database.
pub async fn knows(conn: &mut PgConnection, position: Position) -> Result<bool, DbError> {
    let chain = sqlx::query_scalar!(
        "select chain from revisions where revision = $1",
        position.revision.0.cast_signed()
    )
    .fetch_optional(conn)
    .await?;
    Ok(chain.is_some_and(|chain| chain == position.chain.0))
}

fn apply_settings(edge: Edge, chosen: &[super::settings::Setting]) -> Result<Settings, DbError> {
    let settings = Settings { edge, ..Settings::default() };
    super::settings::changed(settings, chosen).map_err(|_| DbError::Corrupt { column: "zone_settings.id" })
}

async fn settings(
    conn: &mut PgConnection,
    zones: &[String],
) -> Result<HashMap<String, Vec<super::settings::Setting>>, DbError> {
    let rows = sqlx::query!("select zone_id, id, value from zone_settings where zone_id = any($1)", zones)
        .fetch_all(conn)
        .await?;
    let mut settings: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        settings.entry(row.zone_id).or_default().push(super::settings::read(&row.id, &row.value)?);
    }
    Ok(settings)
}

async fn records(
    conn: &mut PgConnection,
    zones: &[String],
) -> Result<HashMap<String, Vec<RecordRow>>, DbError> {
    // The contents of records without a target are not needed: only that the name exists.
    let rows = sqlx::query!(
        r#"select zone_id, type as "kind: RecordKind", name, proxied, origin,
                  case when type in ('A', 'AAAA', 'CNAME') then content else '' end as "content!"
           from records where zone_id = any($1) order by zone_id, name, type, content"#,
        zones
    )
    .fetch_all(conn)
    .await?;
    let mut records: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let name =
            Hostname::parse_pattern(&row.name).map_err(|_| DbError::Corrupt { column: "records.name" })?;
        let record = RecordRow {
            kind: row.kind,
            name,
            content: row.content,
            proxied: row.proxied,
            origin: row.origin,
        };
        records.entry(row.zone_id).or_default().push(record);
    }
    Ok(records)
}

async fn certificates(
    conn: &mut PgConnection,
    zones: &[String],
) -> Result<HashMap<String, Vec<Certificate>>, DbError> {
    let rows = sqlx::query!(
        r#"select id, zone_id, hosts, chain, fleet_key_id, key_ciphertext, not_after
           from certificates where zone_id = any($1) and not expired
           order by zone_id, source = 'custom' desc, priority desc, uploaded_on desc, id"#,
        zones
    )
    .fetch_all(conn)
    .await?;
    let mut certificates: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let hosts = row.hosts.iter().map(|host| Hostname::parse_pattern(host));
        let hosts =
            hosts.collect::<Result<_, _>>().map_err(|_| DbError::Corrupt { column: "certificates.hosts" })?;
        let fleet_key = parse("certificates.fleet_key_id", &row.fleet_key_id)?;
        certificates.entry(row.zone_id).or_default().push(Certificate {
            id: parse("certificates.id", &row.id)?,
            hosts,
            chain: row.chain,
            key: SealedKey { fleet_key, ciphertext: row.key_ciphertext },
            not_after_unix: row.not_after.to_jiff().as_second(),
        });
    }
    Ok(certificates)
}

fn chain(bytes: Vec<u8>) -> Result<Chain, DbError> {
    bytes.try_into().map(Chain).map_err(|_| DbError::Corrupt { column: "revisions.chain" })
}

fn object_hash(bytes: Vec<u8>) -> Result<ObjectHash, DbError> {
    bytes.try_into().map(ObjectHash).map_err(|_| DbError::Corrupt { column: "zone_trust_stores.hash" })
}
