//! What each type of record may hold.

use crate::{
    api::error::{ApiError, Result},
    db::records::RecordKind,
};
use policy::hostname::Hostname;
use std::net::{Ipv4Addr, Ipv6Addr};

const TXT_BYTES_MAX: usize = 8192;

/// The content as it is kept: as it was sent, but without the trailing dot of names.
pub(super) fn content(kind: RecordKind, text: &str, own_name: &Hostname) -> Result<String> {
    match kind {
        RecordKind::A if text.parse::<Ipv4Addr>().is_err() => {
            Err(ApiError::refused(9005, "Content for A record must be a valid IPv4 address."))
        }
        RecordKind::Aaaa if text.parse::<Ipv6Addr>().is_err() => {
            Err(ApiError::refused(9006, "Content for AAAA record must be a valid IPv6 address."))
        }
        RecordKind::A | RecordKind::Aaaa => Ok(text.to_owned()),
        RecordKind::Cname => {
            let target = name(text, 9007, "CNAME")?;
            if Hostname::parse(&target).is_ok_and(|target| target == *own_name) {
                return Err(ApiError::refused(9039, "CNAME content cannot reference itself."));
            }
            Ok(target)
        }
        RecordKind::Ns => name(text, 9008, "NS"),
        RecordKind::Mx => name(text, 9009, "MX"),
        RecordKind::Txt => txt(text),
    }
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
    if text.len() > TXT_BYTES_MAX {
        return refuse(&format!("has at most {TXT_BYTES_MAX} bytes"));
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
