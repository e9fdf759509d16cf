//! From what was sent to a record: created, overwritten or merged.

use super::{
    content::{self, Sent},
    data,
    origin::{self, OriginBody},
};
use crate::{
    api::{
        body::{Field, Whole},
        error::{ApiError, Result},
    },
    db::{
        records::{Record, RecordKind},
        zones::Zone,
    },
    random,
};
use jiff::Timestamp;
use policy::id::RecordId;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

const AUTOMATIC_TTL: i64 = 1;
const COMMENT_CHARACTERS_MAX: usize = 500;
const TAGS_MAX: usize = 20;
const TAG_CHARACTERS_MAX: usize = 133;
/// The only settings that records have, all of them switches.
const SETTINGS: [&str; 3] = ["flatten_cname", "ipv4_only", "ipv6_only"];

/// A record as clients send it. Read-only fields are ignored.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct RecordBody {
    /// Relative to the zone or whole; `@` is the zone itself.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) name: Field<String>,
    /// `A`, `AAAA`, `CAA`, `CERT`, `CNAME`, `DNSKEY`, `DS`, `HTTPS`, `LOC`, `MX`, `NAPTR`, `NS`, `OPENPGPKEY`, `PTR`, `SMIMEA`,
    /// `SRV`, `SSHFP`, `SVCB`, `TLSA`, `TXT` or `URI`. It stays as it was created.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) r#type: Field<String>,
    /// As in a zone file, without the priority of `MX`, `SRV` and `URI`; names are whole. Types with `data` may be sent either way.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) content: Field<String>,
    /// The parts of the content, of types that have some. It wins over `content`.
    ///
    /// - `CAA`: `flags`, `tag`, `value`
    /// - `CERT`: `type`, `key_tag`, `algorithm`, `certificate` (base64)
    /// - `DNSKEY`: `flags`, `protocol`, `algorithm`, `public_key` (base64)
    /// - `DS`: `key_tag`, `algorithm`, `digest_type`, `digest` (hexadecimal)
    /// - `HTTPS`, `SVCB`: `priority`, `target`, `value` (such as `alpn="h3,h2"`)
    /// - `LOC`: `lat_degrees`, `lat_minutes`, `lat_seconds`, `lat_direction`, the same with `long_`, and in metres `altitude`, `size`,
    ///   `precision_horz`, `precision_vert`
    /// - `NAPTR`: `order`, `preference`, `flags`, `service`, `regex`, `replacement`
    /// - `SMIMEA`, `TLSA`: `usage`, `selector`, `matching_type`, `certificate` (hexadecimal)
    /// - `SRV`: `priority`, `weight`, `port`, `target`; the name may be given as `service`, `proto` and `name`
    /// - `SSHFP`: `algorithm`, `type`, `fingerprint` (hexadecimal)
    /// - `URI`: `weight`, `target`
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) data: Field<Value>,
    /// Seconds, 30 to 86400; 1 means automatic.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    pub(super) ttl: Field<Whole>,
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub(super) proxied: Field<bool>,
    #[serde(default)]
    /// Of `MX`, `SRV` and `URI`, 0 to 65535; of other types it is ignored.
    #[schema(value_type = Option<u16>)]
    pub(super) priority: Field<Whole>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) comment: Field<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub(super) tags: Field<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) settings: Field<Map<String, Value>>,
    #[serde(default)]
    #[schema(value_type = Option<OriginBody>)]
    pub(super) origin: Field<OriginBody>,
}

impl RecordBody {
    /// Whether the sender speaks of `origin`, be it to say that there is none.
    pub(super) fn has_origin(&self) -> bool {
        !matches!(self.origin, Field::Absent)
    }

    /// The name as it is compared, of a body whose name is whole.
    pub(super) fn absolute_name(&self) -> String {
        match &self.name {
            Field::Given(name) => name.trim_end_matches('.').to_lowercase(),
            Field::Absent | Field::Null => String::new(),
        }
    }
}

/// What happens to fields that were not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// They get their defaults, but for `origin`, which clients that do not know it must not lose.
    Overwrite,
    /// They stay.
    Merge,
}

/// A new record.
pub(super) fn create(zone: &Zone, body: RecordBody, at: Timestamp) -> Result<Record> {
    let kind = kind(&body.r#type)?
        .ok_or_else(|| ApiError::refused(9020, "Invalid DNS record type: `type` is missing."))?;
    let blank = Record {
        id: RecordId::from_bytes(random::bytes()),
        zone: zone.id,
        kind,
        name: zone.name.clone(),
        content: String::new(),
        content_hash: [0; 32],
        ttl: 1,
        proxied: false,
        priority: None,
        comment: None,
        comment_modified_on: None,
        tags: Vec::new(),
        tags_modified_on: None,
        settings: Value::Object(Map::new()),
        origin: None,
        created_on: at,
        modified_on: at,
    };
    alter(zone, blank, body, How::Overwrite, at)
}

/// An existing record, altered.
pub(super) fn alter(
    zone: &Zone,
    mut record: Record,
    body: RecordBody,
    how: How,
    at: Timestamp,
) -> Result<Record> {
    if kind(&body.r#type)?.is_some_and(|kind| kind != record.kind) {
        return Err(ApiError::invalid(
            "/type",
            "DNS Validation Error: the type of a record cannot be changed, delete it and create another.",
        ));
    }
    let keeps = how == How::Merge;
    let data = data(record.kind, body.data)?;
    let name = merged(body.name, keeps, record.name.to_string(), String::new());
    let name = data.as_ref().and_then(|data| service_name(record.kind, data, &name)).unwrap_or(name);
    record.name = content::record_name(&name, &zone.name)?;
    let content = content::content(
        record.kind,
        Sent {
            text: merged(body.content, keeps, record.content, String::new()),
            data,
            priority: merged(body.priority.some(), keeps, record.priority.map(|p| Whole(p.into())), None),
        },
        &record.name,
    )?;
    (record.content, record.priority, record.content_hash) = (content.text, content.priority, content.hash);
    record.proxied = merged(body.proxied, keeps, record.proxied, false);
    let ttl = merged(body.ttl, keeps, Whole(record.ttl.into()), Whole(AUTOMATIC_TTL));
    record.ttl = if record.proxied { 1 } else { self::ttl(ttl)? };
    alter_notes(&mut record, body.comment, body.tags, keeps, at)?;
    record.settings =
        settings(record.kind, merged(body.settings, keeps, object(record.settings), Map::new()))?;
    match body.origin {
        Field::Given(origin) => record.origin = Some(origin::origin(origin)?),
        Field::Null => record.origin = None,
        Field::Absent => {}
    }
    proxiable(&record)?;
    if let Some(origin) = &record.origin {
        origin::permitted(origin, zone.edge.ssl())?;
    }
    record.modified_on = at;
    Ok(record)
}

fn merged<T>(field: Field<T>, keeps: bool, old: T, default: T) -> T {
    match field {
        Field::Given(value) => value,
        Field::Absent if keeps => old,
        Field::Absent | Field::Null => default,
    }
}

fn kind(field: &Field<String>) -> Result<Option<RecordKind>> {
    let Field::Given(text) = field else { return Ok(None) };
    RecordKind::parse(text).map(Some).ok_or_else(|| {
        let known = RecordKind::ALL.map(RecordKind::as_str).join(", ");
        ApiError::refused(9020, format!("Invalid DNS record type: it must be one of {known}."))
    })
}

fn ttl(Whole(seconds): Whole) -> Result<i32> {
    let invalid =
        || ApiError::refused(9021, "Invalid TTL. Must be between 30 and 86400 seconds, or 1 for Automatic.");
    i32::try_from(seconds).ok().filter(|ttl| *ttl == 1 || (30..=86400).contains(ttl)).ok_or_else(invalid)
}

/// The parts that were sent. Clients send an empty object, or null, where there are none.
fn data(kind: RecordKind, field: Field<Value>) -> Result<Option<Map<String, Value>>> {
    match field.given() {
        Some(Value::Object(fields)) => Ok(Some(fields).filter(|fields| !fields.is_empty())),
        Some(_) if data::parts_of(kind) > 0 => {
            Err(ApiError::invalid("/data", "Invalid value for `data`: an object is expected"))
        }
        Some(_) | None => Ok(None),
    }
}

/// The name of an SRV record whose `data` has it in its older form, by service, protocol and the name that offers it.
fn service_name(kind: RecordKind, data: &Map<String, Value>, given: &str) -> Option<String> {
    let text = |field: &str| data.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (service, proto) = text("service").zip(text("proto")).filter(|_| kind == RecordKind::Srv)?;
    match text("name").or(Some(given).filter(|given| !given.is_empty()))? {
        "@" => Some(format!("{service}.{proto}")),
        name => Some(format!("{service}.{proto}.{name}")),
    }
}

fn alter_notes(
    record: &mut Record,
    comment: Field<String>,
    tags: Field<Vec<String>>,
    keeps: bool,
    at: Timestamp,
) -> Result<()> {
    let comment =
        merged(comment.some(), keeps, record.comment.clone(), None).filter(|comment| !comment.is_empty());
    if comment.as_ref().is_some_and(|text| {
        text.chars().count() > COMMENT_CHARACTERS_MAX || text.chars().any(char::is_control)
    }) {
        let message = format!(
            "DNS Validation Error: a comment has at most {COMMENT_CHARACTERS_MAX} characters, none of them control characters."
        );
        return Err(ApiError::invalid("/comment", message));
    }
    let tags = merged(tags, keeps, record.tags.clone(), Vec::new());
    let is_tag = |tag: &String| {
        !tag.is_empty() && tag.chars().count() <= TAG_CHARACTERS_MAX && !tag.chars().any(char::is_control)
    };
    if tags.len() > TAGS_MAX || !tags.iter().all(is_tag) {
        let message =
            format!("DNS Validation Error: at most {TAGS_MAX} tags of 1 to {TAG_CHARACTERS_MAX} characters.");
        return Err(ApiError::invalid("/tags", message));
    }
    if comment != record.comment {
        record.comment_modified_on = Some(at);
        record.comment = comment;
    }
    if tags != record.tags {
        record.tags_modified_on = Some(at);
        record.tags = tags;
    }
    Ok(())
}

fn settings(kind: RecordKind, sent: Map<String, Value>) -> Result<Value> {
    let known = sent.into_iter().filter(|(key, value)| SETTINGS.contains(&key.as_str()) && !value.is_null());
    let mut kept: Map<String, Value> = known.collect();
    if let Some((key, _)) = kept.iter().find(|(_, value)| !value.is_boolean()) {
        return Err(ApiError::invalid(
            format!("/settings/{key}"),
            format!("Invalid value for `settings.{key}`: it is true or false"),
        ));
    }
    kept.retain(
        |key, _| if key == "flatten_cname" { kind == RecordKind::Cname } else { kind.is_proxiable() },
    );
    Ok(Value::Object(kept))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

fn proxiable(record: &Record) -> Result<()> {
    let kind = record.kind;
    if kind.is_proxiable() || (!record.proxied && record.origin.is_none()) {
        return Ok(());
    }
    Err(ApiError::refused(
        81062,
        format!("DNS Validation Error: record type {} cannot be proxied.", kind.as_str()),
    ))
}
