//! A record as callers see it.

use super::data::{Data, words};
use crate::db::{
    self,
    records::{RecordKind, origin_to_json},
};
use jiff::Timestamp;
use policy::ssl::SslMode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A DNS record.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Record {
    id: String,
    /// Whole, in lower case, without trailing dot.
    name: String,
    #[schema(value_type = String)]
    r#type: RecordKind,
    content: String,
    /// The parts of the content, of types that have some.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    data: Option<Value>,
    proxiable: bool,
    proxied: bool,
    /// Seconds; 1 means automatic.
    ttl: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u16>,
    #[schema(value_type = Object)]
    settings: Value,
    meta: RecordMeta,
    comment: Option<String>,
    tags: Vec<String>,
    /// How the origin is reached; null means as the zone's SSL mode says.
    #[schema(value_type = Option<Object>)]
    origin: Option<Value>,
    #[schema(value_type = String)]
    created_on: Timestamp,
    #[schema(value_type = String)]
    modified_on: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    comment_modified_on: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    tags_modified_on: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecordMeta {
    /// Stands here if this record is an exception to the zone's SSL mode: its origin is reached in plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_exception: Option<&'static str>,
}

/// The record, as it is in a zone with this SSL mode.
pub(super) fn view(record: db::records::Record, mode: SslMode) -> Record {
    let is_plain = record.origin.as_ref().is_some_and(|origin| origin.protocol.is_plain());
    let exception = is_plain && matches!(mode, SslMode::Full | SslMode::Strict);
    Record {
        id: record.id.to_string(),
        name: record.name.to_string(),
        r#type: record.kind,
        data: data(&record),
        content: record.content,
        proxiable: record.kind.is_proxiable(),
        proxied: record.proxied,
        ttl: record.ttl,
        priority: record.priority,
        settings: settings(record.kind, record.settings),
        meta: RecordMeta {
            origin_exception: exception
                .then_some("origin reached in plain text although the SSL mode encrypts"),
        },
        comment: record.comment,
        tags: record.tags,
        origin: record.origin.as_ref().map(origin_to_json),
        created_on: record.created_on,
        modified_on: record.modified_on,
        comment_modified_on: record.comment_modified_on,
        tags_modified_on: record.tags_modified_on,
    }
}

fn data(record: &db::records::Record) -> Option<Value> {
    let words = words(&record.content).ok()?;
    let data = Data::read(record.kind, &words, None)?.ok()?;
    Some(data.json(record.priority))
}

fn settings(kind: RecordKind, mut settings: Value) -> Value {
    if let (RecordKind::Cname, Value::Object(fields)) = (kind, &mut settings) {
        fields.entry("flatten_cname").or_insert(Value::Bool(false));
    }
    settings
}

/// What the audit log keeps of a record.
pub(super) fn audited(record: &db::records::Record) -> Value {
    json!({
        "name": record.name.as_str(),
        "type": record.kind,
        "content": record.content,
        "ttl": record.ttl,
        "proxied": record.proxied,
        "priority": record.priority,
        "comment": record.comment,
        "tags": record.tags,
        "settings": record.settings,
        "origin": record.origin.as_ref().map(origin_to_json),
    })
}
