//! From records to a zone file.

use super::notes::Notes;
use crate::{
    api::records::{
        content::{quoted_words, said},
        data::{Data, STRING_BYTES_MAX, Word, fqdn, quoted, words},
    },
    db::{
        records::{Record, RecordKind, origin_to_json},
        zones::Zone,
    },
};
use jiff::Timestamp;
use serde_json::Value;

/// Appends what stands before the records: how to read the file, and the records that every zone has but this API has not.
fn head(file: &mut String, zone: &Zone, name_servers: &[String], at: Timestamp) {
    let name = &zone.name;
    file.push_str(&format!(
        ";;\n;; Domain:     {name}.\n;; Exported:   {}\n;;\n\
         ;; Orangery serves no DNS. Before a DNS server serves this file, put its own names in the\n\
         ;; SOA record and the NS records that follow; an import here passes over both.\n;;\n\
         $ORIGIN {name}.\n\n;; SOA Record\n",
        at.strftime("%Y-%m-%d %H:%M:%S")
    ));
    let first = name_servers.first().map_or(".", String::as_str);
    let serial = u32::try_from(zone.revision.0 % u64::from(u32::MAX)).unwrap_or(1);
    file.push_str(&format!(
        "{name}.\t3600\tIN\tSOA\t{} hostmaster.{name}. {serial} 10000 2400 604800 3600\n\n;; NS Records\n",
        fqdn(first)
    ));
    for server in name_servers {
        file.push_str(&format!("{name}.\t86400\tIN\tNS\t{}\n", fqdn(server)));
    }
}

/// The zone file of records that are ordered by type. `name_servers` are those of the zone itself.
pub(in super::super) fn print(
    zone: &Zone,
    name_servers: &[String],
    records: &[Record],
    at: Timestamp,
) -> String {
    let mut file = String::new();
    head(&mut file, zone, name_servers, at);
    for group in records.chunk_by(|a, b| a.kind == b.kind) {
        file.push_str(&format!("\n;; {} Records\n", group.first().map_or("", |record| record.kind.as_str())));
        for record in group {
            let (data, notes) = (data(record), notes(zone, record).print());
            let (name, ttl, kind) = (&record.name, record.ttl, record.kind.as_str());
            let separator = if notes.is_empty() { "" } else { " ; " };
            file.push_str(&format!("{name}.\t{ttl}\tIN\t{kind}\t{data}{separator}{notes}\n"));
        }
    }
    file
}

/// What stands after the type.
fn data(record: &Record) -> String {
    let parts = words(&record.content).ok().and_then(|words| Data::read(record.kind, &words, None)?.ok());
    let data = match record.kind {
        RecordKind::Cname | RecordKind::Ns | RecordKind::Ptr | RecordKind::Mx => fqdn(&record.content),
        RecordKind::Txt => txt(&record.content),
        _ => parts.map_or_else(|| record.content.clone(), |parts| parts.line()),
    };
    record.priority.map_or_else(|| data.clone(), |priority| format!("{priority} {data}"))
}

/// A text in character-strings: as it was sent if that is how it is, otherwise cut into such.
fn txt(content: &str) -> String {
    if is_printable(content) {
        return content.to_owned();
    }
    let said = said(content);
    let mut strings = vec![String::new()];
    for character in said.chars() {
        match strings.last_mut() {
            Some(last) if last.len() + character.len_utf8() <= STRING_BYTES_MAX => last.push(character),
            _ => strings.push(character.to_string()),
        }
    }
    strings.iter().map(|string| quoted(string)).collect::<Vec<_>>().join(" ")
}

/// Whether a content consists of character-strings that a zone file may hold.
fn is_printable(content: &str) -> bool {
    let fits = |word: Word<'_>| word.text().is_ok_and(|text| text.len() <= STRING_BYTES_MAX);
    quoted_words(content).is_some_and(|words| words.into_iter().all(fits))
}

fn notes(zone: &Zone, record: &Record) -> Notes {
    let is_foreign_txt = record.kind == RecordKind::Txt && !is_printable(&record.content);
    let is_unquoted = is_foreign_txt && quoted_words(&record.content).is_none();
    let settings = record.settings.as_object().cloned().unwrap_or_default();
    let flatten_cname = settings.len() == 1 && settings.get("flatten_cname") == Some(&Value::Bool(true));
    Notes {
        comment: record.comment.clone(),
        tags: record.tags.clone(),
        proxied: record.kind.is_proxiable().then_some(record.proxied),
        flatten_cname,
        settings: Some(settings).filter(|settings| !flatten_cname && !settings.is_empty()).map(Value::Object),
        origin: record.origin.as_ref().map(origin_to_json),
        content: (is_foreign_txt && !is_unquoted).then(|| record.content.clone()),
        is_unquoted,
        is_kept: record.kind == RecordKind::Ns && record.name == zone.name,
    }
}
