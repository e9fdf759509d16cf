//! Names of header fields that are not the message's own: those of one connection, and those that only the edge may set.

use http::{HeaderMap, HeaderName, header};

pub(crate) const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");
pub(crate) const CF_CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
pub(crate) const CF_VISITOR: HeaderName = HeaderName::from_static("cf-visitor");
pub(crate) const CF_IPCOUNTRY: HeaderName = HeaderName::from_static("cf-ipcountry");
pub(crate) const TRUE_CLIENT_IP: HeaderName = HeaderName::from_static("true-client-ip");
pub(crate) const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Of one connection, never of the message (RFC 9110, 7.6.1), besides what `Connection` itself names.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What only the edge may say. `CF-Connecting-IPv6` and `CF-Pseudo-IPv4` it never says, but origins believe them.
const RESERVED: [HeaderName; 10] = [
    CF_RAY,
    CF_CONNECTING_IP,
    HeaderName::from_static("cf-connecting-ipv6"),
    HeaderName::from_static("cf-pseudo-ipv4"),
    CF_VISITOR,
    CF_IPCOUNTRY,
    TRUE_CLIENT_IP,
    CDN_LOOP,
    X_FORWARDED_FOR,
    X_FORWARDED_PROTO,
];

/// Takes out what only the edge may say, `kept` excepted.
///
/// `CF_Connecting_IP` goes as well, since CGI and all that follows it (RFC 3875, 4.1.18) read `_` and `-` as the same.
pub(crate) fn remove_reserved(headers: &mut HeaderMap, kept: &[HeaderName]) {
    let reserved: Vec<HeaderName> = headers
        .keys()
        .filter(|name| RESERVED.iter().any(|own| reads_as(name, own)) && !kept.contains(name))
        .cloned()
        .collect();
    for name in reserved {
        headers.remove(name);
    }
}

fn reads_as(name: &HeaderName, own: &HeaderName) -> bool {
    let (name, own) = (name.as_str().as_bytes(), own.as_str().as_bytes());
    let same = |(byte, own): (&u8, &u8)| byte == own || (*byte == b'_' && *own == b'-');
    name.len() == own.len() && name.iter().zip(own).all(same)
}

/// Takes out of trailers what must never be one: what frames a message, and what only the edge may say (RFC 9110, 6.5.1).
pub(crate) fn clean_trailers(trailers: &mut HeaderMap) {
    remove_hop_by_hop(trailers);
    remove_reserved(trailers, &[]);
    trailers.remove(header::CONTENT_LENGTH);
    trailers.remove(header::HOST);
}

/// Whether a list of words, such as `Connection`, has this one, in whatever case.
pub(crate) fn names(headers: &HeaderMap, list: &HeaderName, word: &str) -> bool {
    let mut words =
        headers.get_all(list).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|entry| entry.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Removes the fields of the connection on which a message came.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}
