//! DNS records of a zone.

use super::{DbError, change::Change, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    hostname::Hostname,
    id::{RecordId, ZoneId},
    origin::{OriginProtocol, OriginSettings},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;

/// Records in one zone.
pub const RECORDS_PER_ZONE_MAX: i64 = 100_000;
/// What the records of a zone may weigh when it is published. Certificates and framing have the rest of the 8 MiB.
pub const RECORD_BYTES_PER_ZONE_MAX: i64 = 7 * 1024 * 1024;
/// What the names, contents, comments, tags and settings of the records of a zone have at most, so that all of them can be
/// held at once. As much as a zone file that is imported.
pub const RECORD_TEXT_BYTES_PER_ZONE_MAX: i64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: RecordId,
    pub zone: ZoneId,
    pub kind: RecordKind,
    pub name: Hostname,
    pub content: String,
    /// Tells the records of one name and type apart: equal contents that are written differently have the same.
    pub content_hash: [u8; 32],
    /// Seconds; 1 means automatic.
    pub ttl: i32,
    pub proxied: bool,
    /// Of the types that have one.
    pub priority: Option<u16>,
    pub comment: Option<String>,
    pub comment_modified_on: Option<Timestamp>,
    pub tags: Vec<String>,
    pub tags_modified_on: Option<Timestamp>,
    pub settings: Value,
    pub origin: Option<OriginSettings>,
    pub created_on: Timestamp,
    pub modified_on: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "UPPERCASE")]
#[sqlx(type_name = "text", rename_all = "UPPERCASE")]
pub enum RecordKind {
    A,
    Aaaa,
    Caa,
    Cert,
    Cname,
    Dnskey,
    Ds,
    Https,
    Loc,
    Mx,
    Naptr,
    Ns,
    Openpgpkey,
    Ptr,
    Smimea,
    Srv,
    Sshfp,
    Svcb,
    Tlsa,
    Txt,
    Uri,
}

impl RecordKind {
    pub const ALL: [Self; 21] = [
        Self::A,
        Self::Aaaa,
        Self::Caa,
        Self::Cert,
        Self::Cname,
        Self::Dnskey,
        Self::Ds,
        Self::Https,
        Self::Loc,
        Self::Mx,
        Self::Naptr,
        Self::Ns,
        Self::Openpgpkey,
        Self::Ptr,
        Self::Smimea,
        Self::Srv,
        Self::Sshfp,
        Self::Svcb,
        Self::Tlsa,
        Self::Txt,
        Self::Uri,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Caa => "CAA",
            Self::Cert => "CERT",
            Self::Cname => "CNAME",
            Self::Dnskey => "DNSKEY",
            Self::Ds => "DS",
            Self::Https => "HTTPS",
            Self::Loc => "LOC",
            Self::Mx => "MX",
            Self::Naptr => "NAPTR",
            Self::Ns => "NS",
            Self::Openpgpkey => "OPENPGPKEY",
            Self::Ptr => "PTR",
            Self::Smimea => "SMIMEA",
            Self::Srv => "SRV",
            Self::Sshfp => "SSHFP",
            Self::Svcb => "SVCB",
            Self::Tlsa => "TLSA",
            Self::Txt => "TXT",
            Self::Uri => "URI",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether traffic to such a record can go through the edge.
    pub fn is_proxiable(self) -> bool {
        matches!(self, Self::A | Self::Aaaa | Self::Cname)
    }

    /// Whether such records have a priority beside their content.
    pub fn has_priority(self) -> bool {
        matches!(self, Self::Mx | Self::Srv | Self::Uri)
    }
}

/// The form of the `origin` extension in the database and in the API: only what was chosen.
pub fn origin_to_json(origin: &OriginSettings) -> Value {
    let mut fields = serde_json::Map::new();
    fields.insert("protocol".into(), json!(origin.protocol.as_str()));
    fields.extend(origin.port.map(|port| ("port".to_owned(), json!(port))));
    fields.extend(origin.sni.as_ref().map(|sni| ("sni".to_owned(), json!(sni.as_str()))));
    fields.extend(origin.host_header.as_ref().map(|host| ("host_header".to_owned(), json!(host))));
    Value::Object(fields)
}

/// Reads what [`origin_to_json`] wrote.
pub fn origin_from_json(value: &Value) -> Result<OriginSettings, DbError> {
    let corrupt = || DbError::Corrupt { column: "records.origin" };
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    Ok(OriginSettings {
        port: value
            .get("port")
            .map(|port| port.as_u64().and_then(|port| u16::try_from(port).ok()).ok_or_else(corrupt))
            .transpose()?,
        protocol: text("protocol").and_then(OriginProtocol::parse).ok_or_else(corrupt)?,
        sni: text("sni").map(|sni| parse("records.origin", sni)).transpose()?,
        host_header: text("host_header").map(str::to_owned),
    })
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) zone_id: String,
    pub(super) kind: RecordKind,
    pub(super) name: String,
    pub(super) content: String,
    pub(super) content_hash: Vec<u8>,
    pub(super) ttl: i32,
    pub(super) proxied: bool,
    pub(super) priority: Option<i32>,
    pub(super) comment: Option<String>,
    pub(super) comment_modified_on: Option<jiff_sqlx::Timestamp>,
    pub(super) tags: Vec<String>,
    pub(super) tags_modified_on: Option<jiff_sqlx::Timestamp>,
    pub(super) settings: Value,
    pub(super) origin: Option<Value>,
    pub(super) created_on: jiff_sqlx::Timestamp,
    pub(super) modified_on: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Record {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let name =
            Hostname::parse_pattern(&row.name).map_err(|_| DbError::Corrupt { column: "records.name" })?;
        Ok(Self {
            id: parse("records.id", &row.id)?,
            zone: parse("records.zone_id", &row.zone_id)?,
            kind: row.kind,
            name,
            content: row.content,
            content_hash: row
                .content_hash
                .try_into()
                .map_err(|_| DbError::Corrupt { column: "records.content_hash" })?,
            ttl: row.ttl,
            proxied: row.proxied,
            priority: row.priority.and_then(|priority| u16::try_from(priority).ok()),
            comment: row.comment,
            comment_modified_on: row.comment_modified_on.map(jiff_sqlx::Timestamp::to_jiff),
            tags: row.tags,
            tags_modified_on: row.tags_modified_on.map(jiff_sqlx::Timestamp::to_jiff),
            settings: row.settings,
            origin: row.origin.as_ref().map(origin_from_json).transpose()?,
            created_on: row.created_on.to_jiff(),
            modified_on: row.modified_on.to_jiff(),
        })
    }
}

pub async fn find(conn: &mut PgConnection, zone: ZoneId, id: RecordId) -> Result<Option<Record>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, zone_id, type as "kind: RecordKind", name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on, tags,
                  tags_modified_on, settings, origin, created_on, modified_on
           from records where zone_id = $1 and id = $2"#,
        zone.to_string(),
        id.to_string()
    )
    .fetch_optional(conn)
    .await?;
    row.map(Record::try_from).transpose()
}

/// Those of some records that a zone has.
pub async fn find_all(
    conn: &mut PgConnection,
    zone: ZoneId,
    ids: &[RecordId],
) -> Result<Vec<Record>, DbError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, zone_id, type as "kind: RecordKind", name, content, content_hash, ttl, proxied, priority, comment,
                  comment_modified_on, tags, tags_modified_on, settings, origin, created_on, modified_on
           from records where zone_id = $1 and id = any($2)"#,
        zone.to_string(),
        &ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// What must not be twice in a zone: type, name and content.
pub type Identity = (RecordKind, Hostname, [u8; 32]);

/// The records of a zone that are identical with some, or are CNAMEs of the name of one. Two questions, as each of them alone
/// can be read from an index.
pub async fn identical(
    conn: &mut PgConnection,
    zone: ZoneId,
    records: &[&Record],
) -> Result<Vec<(RecordId, Identity)>, DbError> {
    let rows = sqlx::query!(
        r#"with sought as (select * from unnest($2::text[], $3::text[], $4::bytea[]) as k (type, name, content_hash))
           select r.id as "id!", r.type as "kind!: RecordKind", r.name as "name!", r.content_hash as "content_hash!"
           from records r join sought k on r.type = k.type and r.name = k.name and r.content_hash = k.content_hash
           where r.zone_id = $1
           union
           select r.id, r.type, r.name, r.content_hash
           from records r join sought k on r.name = k.name
           where r.zone_id = $1 and r.type = 'CNAME' and k.type = 'CNAME'"#,
        zone.to_string(),
        &records.iter().map(|record| record.kind.as_str().to_owned()).collect::<Vec<_>>(),
        &records.iter().map(|record| record.name.to_string()).collect::<Vec<_>>(),
        &records.iter().map(|record| record.content_hash.to_vec()).collect::<Vec<_>>()
    )
    .fetch_all(conn)
    .await?;
    let corrupt = |column| DbError::Corrupt { column };
    let identity = rows.into_iter().map(|row| {
        let name = Hostname::parse_pattern(&row.name).map_err(|_| corrupt("records.name"))?;
        let hash = row.content_hash.try_into().map_err(|_| corrupt("records.content_hash"))?;
        Ok((parse("records.id", &row.id)?, (row.kind, name, hash)))
    });
    identity.collect()
}

/// All records of some names, name by name.
pub async fn named(
    conn: &mut PgConnection,
    zone: ZoneId,
    names: &[&Hostname],
) -> Result<Vec<Record>, DbError> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, zone_id, type as "kind: RecordKind", name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on, tags,
                  tags_modified_on, settings, origin, created_on, modified_on
           from records where zone_id = $1 and name = any($2) order by name, type, id"#,
        zone.to_string(),
        &names
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// A record of the zone whose origin is reached in plain text whatever the SSL mode, if there is one.
pub async fn with_plain_origin(conn: &mut PgConnection, zone: ZoneId) -> Result<Option<String>, DbError> {
    let name = sqlx::query_scalar!(
        "select name from records where zone_id = $1 and origin ->> 'protocol' in ('http', 'grpc') order by name limit 1",
        zone.to_string()
    )
    .fetch_optional(conn)
    .await?;
    Ok(name)
}

/// How large the records of a zone are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub count: i64,
    /// About how many bytes they are when published.
    pub published_bytes: i64,
    /// Bytes of everything in them that has no fixed length.
    pub text_bytes: i64,
}

pub async fn measure(conn: &mut PgConnection, zone: ZoneId) -> Result<Size, DbError> {
    let size = sqlx::query_as!(
        Size,
        r#"select count(*) as "count!",
                  coalesce(sum(32 + octet_length(name) + coalesce(octet_length(origin::text), 0)
                               + case when type in ('A', 'AAAA', 'CNAME') then octet_length(content) else 0 end), 0)::bigint
                      as "published_bytes!",
                  coalesce(sum(octet_length(name) + octet_length(content) + coalesce(octet_length(comment), 0)
                               + octet_length(array_to_string(tags, ',')) + octet_length(settings::text)), 0)::bigint as "text_bytes!"
           from records where zone_id = $1"#,
        zone.to_string()
    )
    .fetch_one(conn)
    .await?;
    Ok(size)
}

/// Adds records to a locked zone, in their order.
pub async fn insert(change: &mut Change, zone: ZoneId, records: &[Record]) -> Result<(), DbError> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into records (zone_id, id, type, name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on,
                              tags, tags_modified_on, settings, origin, created_on, modified_on)
         select $1, id, type, name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on,
                array(select jsonb_array_elements_text(tags)), tags_modified_on, settings, origin, created_on, modified_on
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::integer[], $8::boolean[], $9::integer[], $10::text[],
                     $11::timestamptz[], $12::jsonb[], $13::timestamptz[], $14::jsonb[], $15::jsonb[], $16::timestamptz[], $17::timestamptz[])
              as r (id, type, name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on, tags, tags_modified_on,
                    settings, origin, created_on, modified_on)",
        zone.to_string(),
        &column(records, |record| record.id.to_string()),
        &column(records, |record| record.kind.as_str().to_owned()),
        &column(records, |record| record.name.to_string()),
        &column(records, |record| record.content.clone()),
        &column(records, |record| record.content_hash.to_vec()),
        &column(records, |record| record.ttl),
        &column(records, |record| record.proxied),
        &column(records, |record| record.priority.map(i32::from)) as _,
        &column(records, |record| record.comment.clone()) as _,
        &column(records, |record| record.comment_modified_on.map(|at| at.to_sqlx())) as _,
        &column(records, |record| json!(record.tags)),
        &column(records, |record| record.tags_modified_on.map(|at| at.to_sqlx())) as _,
        &column(records, |record| record.settings.clone()),
        &column(records, |record| record.origin.as_ref().map(origin_to_json)) as _,
        &column(records, |record| record.created_on.to_sqlx()) as _,
        &column(records, |record| record.modified_on.to_sqlx()) as _,
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone);
    Ok(())
}

fn column<T>(records: &[Record], of: impl FnMut(&Record) -> T) -> Vec<T> {
    records.iter().map(of).collect()
}

/// Deletes records of a locked zone.
pub async fn delete(change: &mut Change, zone: ZoneId, ids: &[RecordId]) -> Result<(), DbError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    sqlx::query!("delete from records where zone_id = $1 and id = any($2)", zone.to_string(), &ids)
        .execute(change.conn())
        .await?;
    change.publish_zone(zone);
    Ok(())
}
