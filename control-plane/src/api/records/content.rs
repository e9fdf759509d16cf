//! What each type of record may hold.

use super::data::{self, BadData, BrokenWord, Data, Word, compared_name};
use crate::{
    api::{
        body::Whole,
        error::{ApiError, Result},
    },
    db::records::RecordKind,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use policy::hostname::Hostname;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const CONTENT_BYTES_MAX: usize = 8192;

/// What was sent for a content.
pub(super) struct Sent {
    pub(super) text: String,
    /// Wins over the text, where contents of the type have parts.
    pub(super) data: Option<Map<String, Value>>,
    pub(super) priority: Option<Whole>,
}

/// What a record holds.
pub(super) struct Content {
    pub(super) text: String,
    /// Of MX, SRV and URI records, and of these alone.
    pub(super) priority: Option<u16>,
    /// Tells contents of one name and type apart: equal ones that are written differently have the same.
    pub(super) hash: [u8; 32],
}

/// The content as it is kept: of types with parts as they are printed, otherwise as it was sent but without the last dot of names.
pub(super) fn content(kind: RecordKind, sent: Sent, own_name: &Hostname) -> Result<Content> {
    let (text, priority, compared) = match structured(kind, &sent)? {
        Some((data, priority)) => (data.content(), priority, data.compared()),
        None => {
            let text = simple(kind, &sent.text, own_name)?;
            let compared = compared(kind, &text);
            (text, sent.priority, compared)
        }
    };
    if text.len() > CONTENT_BYTES_MAX {
        let message = format!(
            "DNS Validation Error: content for {} record has at most {CONTENT_BYTES_MAX} bytes.",
            kind.as_str()
        );
        return Err(ApiError::invalid("/content", message));
    }
    let priority = self::priority(kind, priority)?;
    let compared = priority.map_or_else(|| compared.clone(), |priority| format!("{priority} {compared}"));
    Ok(Content { text, priority, hash: Sha256::digest(compared.as_bytes()).into() })
}

/// A content with parts and its priority, which may stand in `data`, before the parts of the text, or for itself.
fn structured(kind: RecordKind, sent: &Sent) -> Result<Option<(Data, Option<Whole>)>> {
    if data::parts_of(kind) == 0 {
        return Ok(None);
    }
    if let Some(fields) = &sent.data {
        let refuse = |bad: BadData| {
            let pointer = bad.part.map_or_else(|| "/data".to_owned(), |part| format!("/data/{part}"));
            ApiError::invalid(pointer, bad_data(kind, "data", bad))
        };
        let priority = fields.get("priority").filter(|priority| !priority.is_null() && kind.has_priority());
        let priority = priority.map(whole).or(sent.priority);
        let data = Data::from_json(kind, fields).transpose().map_err(refuse)?;
        return Ok(data.map(|data| (data, priority)));
    }
    let refuse = |bad: BadData| ApiError::invalid("/content", bad_data(kind, "content", bad));
    let words = data::words(&sent.text).map_err(|broken| refuse(broken.into()))?;
    let (priority, words) = match words.split_first() {
        Some((first, rest)) if kind.has_priority() && rest.len() >= data::parts_of(kind) => {
            (Some(Whole(first.written().parse().unwrap_or(-1))), rest)
        }
        _ => (sent.priority, words.as_slice()),
    };
    let data = Data::read(kind, words, None).transpose().map_err(refuse)?;
    Ok(data.map(|data| (data, priority)))
}

/// A number that is sent inside `data`; what is none is out of every range.
fn whole(value: &Value) -> Whole {
    serde_json::from_value(value.clone()).unwrap_or(Whole(-1))
}

fn bad_data(kind: RecordKind, field: &str, bad: BadData) -> String {
    let part = bad.part.map(|part| format!("{part} ")).unwrap_or_default();
    format!("DNS Validation Error: {field} for {} record is invalid: {part}{}.", kind.as_str(), bad.what)
}

impl From<BrokenWord> for BadData {
    fn from(broken: BrokenWord) -> Self {
        Self { part: None, what: broken.to_string() }
    }
}

/// Other types than MX, SRV and URI have no priority of their own; clients send 0 all the same.
fn priority(kind: RecordKind, sent: Option<Whole>) -> Result<Option<u16>> {
    if !kind.has_priority() {
        return Ok(None);
    }
    let invalid = || {
        let message =
            format!("DNS Validation Error: {} records need a priority from 0 to 65535.", kind.as_str());
        ApiError::invalid("/priority", message)
    };
    sent.and_then(|Whole(priority)| u16::try_from(priority).ok()).map(Some).ok_or_else(invalid)
}

/// A content without parts.
fn simple(kind: RecordKind, text: &str, own_name: &Hostname) -> Result<String> {
    match kind {
        RecordKind::A if text.parse::<Ipv4Addr>().is_err() => {
            Err(ApiError::refused(9005, "Content for A record must be a valid IPv4 address."))
        }
        RecordKind::Aaaa if text.parse::<Ipv6Addr>().is_err() => {
            Err(ApiError::refused(9006, "Content for AAAA record must be a valid IPv6 address."))
        }
        RecordKind::Cname => {
            let target = name(text, 9007, "CNAME")?;
            if Hostname::parse(&target).is_ok_and(|target| target == *own_name) {
                return Err(ApiError::refused(9039, "CNAME content cannot reference itself."));
            }
            Ok(target)
        }
        RecordKind::Ns => name(text, 9008, "NS"),
        // RFC 7505: a domain that takes no mail.
        RecordKind::Mx if text == "." => Ok(text.to_owned()),
        RecordKind::Mx => name(text, 9009, "MX"),
        RecordKind::Ptr => name(text, 1004, "PTR"),
        RecordKind::Txt => txt(text),
        RecordKind::Openpgpkey => {
            let key: String = text.split_whitespace().collect();
            if key.is_empty() || BASE64.decode(&key).is_err() {
                let message = "DNS Validation Error: content for OPENPGPKEY record must be a key in base64.";
                return Err(ApiError::invalid("/content", message));
            }
            Ok(key)
        }
        _ => Ok(text.to_owned()),
    }
}

/// What equal contents without parts have in common.
fn compared(kind: RecordKind, text: &str) -> String {
    match kind {
        RecordKind::A | RecordKind::Aaaa => {
            text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_string())
        }
        RecordKind::Txt => said(text),
        RecordKind::Openpgpkey => text.to_owned(),
        _ => compared_name(text),
    }
}

/// What the content of a TXT record says: what is between its quotes, or all of it if it is not made of quoted words.
pub(super) fn said(text: &str) -> String {
    let quoted =
        quoted_words(text).map(|words| words.into_iter().map(Word::text).collect::<Result<Vec<_>, _>>());
    match quoted {
        Some(Ok(texts)) => texts.concat(),
        Some(Err(_)) | None => text.to_owned(),
    }
}

/// The words of a text that is made of quoted ones alone.
pub(super) fn quoted_words(text: &str) -> Option<Vec<Word<'_>>> {
    let words = data::words(text).ok()?;
    (!words.is_empty() && words.iter().all(|word| word.is_quoted())).then_some(words)
}

fn name(text: &str, code: i64, kind: &str) -> Result<String> {
    match Hostname::parse(text) {
        Ok(_) => Ok(text.strip_suffix('.').unwrap_or(text).to_owned()),
        Err(error) => Err(ApiError::refused(code, format!("Content for {kind} record is invalid: {error}."))),
    }
}

fn txt(text: &str) -> Result<String> {
    let refuse = |what: &str| {
        Err(ApiError::refused(1004, format!("DNS Validation Error: content for TXT record {what}.")))
    };
    if text.is_empty() {
        return refuse("must not be empty");
    }
    if text.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    Ok(text.to_owned())
}

/// The whole name of a record: names without the zone at their end are relative to it, and `@` is the zone itself.
pub(super) fn record_name(text: &str, zone: &Hostname) -> Result<Hostname> {
    let invalid = |reason: String| ApiError::refused(9000, format!("DNS name is invalid: {reason}."));
    if text == "@" {
        return Ok(zone.clone());
    }
    if text.is_empty() {
        return Err(invalid("it is missing".into()));
    }
    let (text, is_absolute) = text.strip_suffix('.').map_or((text, false), |text| (text, true));
    if let Ok(name) = Hostname::parse_pattern(text)
        && name.is_within(zone)
    {
        return Ok(name);
    }
    if is_absolute || text.is_empty() {
        return Err(invalid(format!("it must lie within {zone}")));
    }
    Hostname::parse_pattern(&format!("{text}.{zone}")).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_zone_unless_they_end_with_it() {
        let zone = Hostname::parse("example.com").expect("a name");
        for (text, name) in [
            ("@", "example.com"),
            ("example.com.", "example.com"),
            ("API", "api.example.com"),
            ("api.example.com", "api.example.com"),
            ("*", "*.example.com"),
            ("_acme-challenge.api", "_acme-challenge.api.example.com"),
            ("7", "7.example.com"),
            ("badexample.com", "badexample.com.example.com"),
        ] {
            assert_eq!(record_name(text, &zone).expect("a name").as_str(), name, "{text}");
        }
        for text in ["", ".", "example.org.", "a b", "a..b", "-a", "a\u{7}"] {
            assert!(record_name(text, &zone).is_err(), "{text}");
        }
    }
}
