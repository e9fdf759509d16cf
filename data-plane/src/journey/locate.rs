//! Host name → zone and record.

use super::{
    HEADER_BYTES_MAX,
    head::{Arrival, Framing, Head, Protocol},
    loops,
};
use crate::current::{LiveZone, Snapshot};
use policy::{
    origin::OriginSettings,
    record::{Name, Target},
    refusal::Refusal,
};
use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// The host a visitor asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    /// Lower case, without port and trailing dot.
    pub host: Cow<'a, str>,
    /// As the visitor wrote it.
    pub authority: &'a str,
    pub port: Option<u16>,
}

/// A proxied record.
pub(super) struct Located<'z> {
    pub zone: &'z LiveZone,
    pub target: &'z Target,
    pub origin: &'z OriginSettings,
}

/// Reads the host out of a well-formed head.
pub(super) fn asked<'a>(head: &Head<'a>) -> Result<Asked<'a>, Refusal> {
    if head.header_bytes > HEADER_BYTES_MAX {
        return Err(Refusal::HeadersTooLarge);
    }
    if head.framing == Framing::Ambiguous {
        return Err(Refusal::MalformedRequest);
    }
    let host = head.host.map_err(|_| Refusal::MalformedRequest)?;
    let asked = match (head.authority, host) {
        (Some(authority), None) if head.protocol == Protocol::Http2 => parse(authority)?,
        (Some(authority), Some(host)) => {
            let (asked, host) = (parse(authority)?, parse(host)?);
            if (&asked.host, asked.port) != (&host.host, host.port) {
                return Err(Refusal::MalformedRequest);
            }
            asked
        }
        (None, Some(host)) => parse(host)?,
        (Some(_) | None, None) => return Err(Refusal::MalformedRequest),
    };
    if head.passages > loops::PASSAGES_MAX { Err(Refusal::Loop) } else { Ok(asked) }
}

/// The zone of the host, which must be the one of the TLS server name.
pub(super) fn zone(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    arrival: Arrival,
) -> Result<Arc<LiveZone>, Refusal> {
    let zone = snapshot.zone_of(&asked.host).ok_or(Refusal::UnknownHost)?;
    match arrival {
        Arrival::Tls { zone: greeted } if greeted != zone.zone.id => Err(Refusal::Misdirected),
        Arrival::Tls { .. } | Arrival::Plain => Ok(Arc::clone(zone)),
    }
}

/// The record of the host, which must be proxied.
pub(super) fn record<'z>(zone: &'z LiveZone, asked: &Asked<'_>) -> Result<Located<'z>, Refusal> {
    if zone.zone.paused {
        return Err(Refusal::Paused);
    }
    match zone.zone.names.find(&asked.host) {
        Some(Name::Proxied { target, origin }) => Ok(Located { zone, target, origin }),
        Some(Name::DnsOnly(_)) => Err(Refusal::DnsOnly),
        Some(Name::Empty) | None => Err(Refusal::UnknownHost),
    }
}

fn parse(authority: &str) -> Result<Asked<'_>, Refusal> {
    if authority.starts_with('[') {
        return Err(Refusal::DirectAddress);
    }
    let (host, port) = match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(parse_port(port)?)),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if host.is_empty() || host.len() > policy::hostname::NAME_BYTES_MAX || !host.bytes().all(allowed) {
        return Err(Refusal::MalformedRequest);
    }
    if host.parse::<Ipv4Addr>().is_ok() || host.parse::<IpAddr>().is_ok() {
        return Err(Refusal::DirectAddress);
    }
    let lower = !host.bytes().any(|byte| byte.is_ascii_uppercase());
    let host = if lower { Cow::Borrowed(host) } else { Cow::Owned(host.to_ascii_lowercase()) };
    Ok(Asked { host, authority, port })
}

fn parse_port(digits: &str) -> Result<u16, Refusal> {
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits {
        digits.parse().map_err(|_| Refusal::MalformedRequest)
    } else {
        Err(Refusal::MalformedRequest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::head::{Offer, Visitor};

    fn head<'a>(protocol: Protocol, authority: Option<&'a str>, host: Option<&'a str>) -> Head<'a> {
        let visitor = Visitor { address: IpAddr::from([192, 0, 2, 1]), arrival: Arrival::Plain };
        let (method, content_type, framing, header_bytes) = ("GET", None, Framing::Clear, 0);
        Head {
            visitor,
            protocol,
            method,
            authority,
            host: Ok(host),
            content_type,
            framing,
            offer: Offer::Nothing,
            header_bytes,
            passages: 0,
        }
    }

    fn host_of(authority: &str) -> Result<String, Refusal> {
        asked(&head(Protocol::Http2, Some(authority), None)).map(|asked| asked.host.into_owned())
    }

    #[test]
    fn case_port_and_trailing_dot_do_not_matter() {
        for authority in
            ["api.example.com", "API.Example.COM", "api.example.com:8443", "api.example.com.:443"]
        {
            assert_eq!(host_of(authority).as_deref(), Ok("api.example.com"), "{authority}");
        }
    }

    #[test]
    fn addresses_and_nonsense_are_told_apart_from_names() {
        for address in ["192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[::1]:443"] {
            assert_eq!(host_of(address), Err(Refusal::DirectAddress), "{address}");
        }
        for nonsense in
            ["", ".", ":80", "a:b", "a:", "a:70000", "user@a.test", "a b", "a/b", "a:80:80", "a,b.test"]
        {
            assert_eq!(host_of(nonsense), Err(Refusal::MalformedRequest), "{nonsense}");
        }
    }

    #[test]
    fn authority_and_host_must_agree() {
        let ask = |protocol, authority, host| {
            asked(&head(protocol, authority, host)).map(|asked| asked.host.into_owned())
        };
        assert_eq!(ask(Protocol::Http2, Some("a.test"), Some("A.test.")).as_deref(), Ok("a.test"));
        assert_eq!(ask(Protocol::Http2, Some("a.test"), Some("b.test")), Err(Refusal::MalformedRequest));
        assert_eq!(ask(Protocol::Http2, Some("a.test:1"), Some("a.test:2")), Err(Refusal::MalformedRequest));
        assert_eq!(ask(Protocol::Http1, None, Some("a.test")).as_deref(), Ok("a.test"));
        assert_eq!(ask(Protocol::Http1, Some("a.test"), None), Err(Refusal::MalformedRequest));
        assert_eq!(ask(Protocol::Http1, None, None), Err(Refusal::MalformedRequest));
    }

    #[test]
    fn a_request_that_came_back_too_often_is_a_loop() {
        let passed =
            |passages| asked(&Head { passages, ..head(Protocol::Http2, Some("a.test"), None) }).map(drop);
        assert_eq!(passed(loops::PASSAGES_MAX), Ok(()));
        assert_eq!(passed(loops::PASSAGES_MAX + 1), Err(Refusal::Loop));
    }
}
