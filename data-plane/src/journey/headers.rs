//! The few headers the edge adds and removes on the way; all others pass untouched.

use super::{
    head::{Protocol, Visitor},
    loops,
    ray::Ray,
};
use crate::{
    fields::{
        CDN_LOOP, CF_CONNECTING_IP, CF_IPCOUNTRY, CF_RAY, CF_VISITOR, TRUE_CLIENT_IP, X_FORWARDED_FOR,
        X_FORWARDED_PROTO, names, remove_hop_by_hop, remove_reserved,
    },
    geoip::Country,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use policy::grpc::Dialect;

/// Longest `X-Forwarded-For` that is passed on; of a longer one the newest part is kept.
const FORWARDED_FOR_BYTES_MAX: usize = 1024;

/// What an origin is told about a request besides the request's own headers.
pub(super) struct Told<'a> {
    pub(super) visitor: Visitor,
    pub(super) protocol: Protocol,
    pub(super) dialect: Dialect,
    pub(super) ray: &'a Ray,
    /// Whether the visitor's address is in `True-Client-IP` as well.
    pub(super) true_client_ip: bool,
    /// The visitor's, if the origin is to know it.
    pub(super) country: Option<Country>,
}

/// Turns the visitor's headers into those for the origin.
///
/// What only the edge may say is taken away even where the edge does not say it, so that no visitor can say it instead.
pub(super) fn for_origin(headers: &mut HeaderMap, told: &Told<'_>) {
    let Told { visitor, protocol, dialect, .. } = *told;
    let wants_trailers = names(headers, &header::TE, "trailers");
    remove_hop_by_hop(headers);
    // To these every hop adds itself.
    remove_reserved(headers, &[X_FORWARDED_FOR, CDN_LOOP]);
    if wants_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    headers.remove(header::HOST);
    headers.remove(header::EXPECT);
    if protocol == Protocol::Http2 && dialect != Dialect::Grpc {
        join(headers, header::COOKIE, b"; ");
    }
    let (scheme, cf_visitor) = match visitor.arrival.scheme() {
        "https" => ("https", r#"{"scheme":"https"}"#),
        _ => ("http", r#"{"scheme":"http"}"#),
    };
    headers.insert(CF_RAY, told.ray.to_header());
    headers.insert(CF_VISITOR, HeaderValue::from_static(cf_visitor));
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    if let Some(country) = told.country {
        headers.insert(CF_IPCOUNTRY, country.to_header());
    }
    if let Ok(address) = HeaderValue::try_from(visitor.address.to_string()) {
        append(headers, X_FORWARDED_FOR, b", ", address.as_bytes(), FORWARDED_FOR_BYTES_MAX);
        if told.true_client_ip {
            headers.insert(TRUE_CLIENT_IP, address.clone());
        }
        headers.insert(CF_CONNECTING_IP, address);
    }
    append(headers, CDN_LOOP, b", ", loops::TOKEN.as_bytes(), FORWARDED_FOR_BYTES_MAX);
}

/// Turns the origin's headers into those for the visitor.
pub(super) fn for_visitor(headers: &mut HeaderMap, ray: &Ray) {
    remove_hop_by_hop(headers);
    let internal: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("x-accel-")).cloned().collect();
    for name in internal {
        headers.remove(name);
    }
    headers.insert(CF_RAY, ray.to_header());
}

/// How often `headers` say that this edge was passed before.
pub(super) fn passages(headers: &HeaderMap) -> usize {
    loops::passages(headers.get_all(CDN_LOOP).iter().map(HeaderValue::as_bytes))
}

/// Several values become one (RFC 9113, 8.2.3, asks it for cookies).
fn join(headers: &mut HeaderMap, name: HeaderName, separator: &[u8]) {
    if headers.get_all(&name).iter().nth(1).is_none() {
        return;
    }
    let values: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&values.join(separator)) {
        headers.insert(name, joined);
    }
}

/// Adds to the values of a list, which becomes one value; beyond `bytes_max` the oldest entries are dropped.
fn append(headers: &mut HeaderMap, name: HeaderName, separator: &[u8], entry: &[u8], bytes_max: usize) {
    let mut values: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
    values.push(entry);
    let mut list = values.join(separator);
    while list.len() > bytes_max {
        let Some(comma) = list.iter().position(|byte| *byte == b',') else { break };
        list.drain(..=comma);
    }
    if let Ok(value) = HeaderValue::from_bytes(list.trim_ascii()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::head::Arrival;
    use policy::id::ZoneId;

    fn passed(list: &[(&'static str, &str)], dialect: Dialect) -> HeaderMap {
        passed_with(list, dialect, false)
    }

    fn passed_with(list: &[(&'static str, &str)], dialect: Dialect, true_client_ip: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let arrival = Arrival::Tls { zone: ZoneId::from_bytes([1; 16]) };
        let visitor = Visitor { address: "192.0.2.7".parse().unwrap(), arrival };
        let told = Told {
            visitor,
            protocol: Protocol::Http2,
            dialect,
            ray: &Ray::new(7, "DEV"),
            true_client_ip,
            country: None,
        };
        for_origin(&mut headers, &told);
        headers
    }

    fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn the_origin_learns_who_called_and_cannot_be_lied_to() {
        let headers = passed(
            &[
                ("cf-connecting-ip", "6.6.6.6"),
                ("cf-connecting-ip", "6.6.6.7"),
                ("cf-ray", "lie"),
                ("x-forwarded-proto", "gopher"),
                ("x-forwarded-for", "203.0.113.1"),
                ("x-forwarded-for", "203.0.113.2"),
                ("cdn-loop", "other"),
            ],
            Dialect::Http,
        );
        assert_eq!(values(&headers, "cf-connecting-ip"), ["192.0.2.7"]);
        assert_eq!(values(&headers, "cf-ray"), ["0000000000000007-DEV"]);
        assert_eq!(values(&headers, "x-forwarded-proto"), ["https"]);
        assert_eq!(values(&headers, "cf-visitor"), [r#"{"scheme":"https"}"#]);
        assert_eq!(values(&headers, "x-forwarded-for"), ["203.0.113.1, 203.0.113.2, 192.0.2.7"]);
        assert_eq!(values(&headers, "cdn-loop"), ["other, orangery"]);
    }

    #[test]
    fn true_client_ip_is_the_visitors_address_or_absent_whatever_the_visitor_says() {
        let lie = [("true-client-ip", "6.6.6.6"), ("true-client-ip", "6.6.6.7")];
        assert_eq!(values(&passed_with(&lie, Dialect::Http, true), "true-client-ip"), ["192.0.2.7"]);
        assert!(values(&passed_with(&lie, Dialect::Http, false), "true-client-ip").is_empty());
    }

    #[test]
    fn a_name_with_underscores_cannot_pass_for_one_of_the_edges_own() {
        let lies = [
            "cf_connecting_ip",
            "cf-connecting_ip",
            "cf_connecting_ipv6",
            "cf-connecting-ipv6",
            "cf-pseudo-ipv4",
            "cf_pseudo_ipv4",
            "cf_ipcountry",
            "cf_ray",
            "cf_visitor",
            "true_client_ip",
            "cdn_loop",
            "x_forwarded_for",
            "x_forwarded_proto",
        ];
        let visitors_own = ["user_id", "x_forwarded_host", "cf_connecting_ip_hint"];
        let said: Vec<_> = lies.iter().chain(&visitors_own).map(|name| (*name, "6.6.6.6")).collect();
        for dialect in [Dialect::Http, Dialect::Grpc] {
            let headers = passed(&said, dialect);
            assert!(lies.iter().all(|lie| !headers.contains_key(*lie)), "{headers:?}");
            assert!(visitors_own.iter().all(|own| values(&headers, own) == ["6.6.6.6"]), "{headers:?}");
        }
        let mut trailers: HeaderMap = said
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        crate::fields::clean_trailers(&mut trailers);
        assert_eq!(trailers.len(), visitors_own.len(), "{trailers:?}");
    }

    #[test]
    fn hop_by_hop_headers_stay_here_and_te_trailers_goes_on() {
        let headers = passed(
            &[
                ("connection", "x-private, upgrade"),
                ("x-private", "1"),
                ("upgrade", "websocket"),
                ("keep-alive", "5"),
                ("te", "trailers, gzip"),
                ("x-public.dotted_name", "1"),
                ("grpc-trace-bin", "AAAA"),
            ],
            Dialect::Grpc,
        );
        for gone in ["connection", "x-private", "upgrade", "keep-alive"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        assert_eq!(values(&headers, "te"), ["trailers"]);
        assert_eq!(values(&headers, "x-public.dotted_name"), ["1"]);
        assert_eq!(values(&headers, "grpc-trace-bin"), ["AAAA"]);
    }

    #[test]
    fn a_forged_list_of_forwarders_is_cut_to_its_newest_part() {
        let forged = "1.1.1.1, ".repeat(500);
        let headers = passed(&[("x-forwarded-for", forged.trim_end_matches(", "))], Dialect::Http);
        let kept = values(&headers, "x-forwarded-for")[0];
        assert!(
            kept.len() <= FORWARDED_FOR_BYTES_MAX
                && kept.starts_with("1.1.1.1")
                && kept.ends_with("192.0.2.7")
        );
    }

    #[test]
    fn cookies_of_http2_become_one_header_and_grpc_metadata_is_left_alone() {
        let list = [("cookie", "a=1"), ("cookie", "b=2")];
        assert_eq!(values(&passed(&list, Dialect::Http), "cookie"), ["a=1; b=2"]);
        assert_eq!(values(&passed(&list, Dialect::Grpc), "cookie"), ["a=1", "b=2"]);
    }
}
