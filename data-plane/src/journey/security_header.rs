//! What a zone tells browsers to insist on, with every answer over HTTPS.

use super::head::Arrival;
use http::{HeaderMap, HeaderValue, header};
use policy::{
    grpc::Dialect,
    settings::{Hsts, Settings},
    ssl::SslMode,
};

/// Sets the zone's headers in place of the origin's own. gRPC is left alone, and so is plain text (RFC 6797, 7.2).
pub(super) fn apply(headers: &mut HeaderMap, settings: &Settings, arrival: Arrival, dialect: Dialect) {
    let Arrival::Tls { .. } = arrival else { return };
    // Under `off` every answer over HTTPS leads to HTTP, from where a browser that insists on HTTPS would never return.
    if dialect == Dialect::Grpc || settings.edge.ssl() == SslMode::Off {
        return;
    }
    let chosen = settings.security_header;
    if let Some(value) = chosen.hsts.and_then(|hsts| HeaderValue::try_from(strict_transport(hsts)).ok()) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    if chosen.nosniff {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
}

/// RFC 6797, 6.1; `preload` is what the lists of browsers ask for.
fn strict_transport(hsts: Hsts) -> String {
    let subdomains = if hsts.include_subdomains { "; includeSubDomains" } else { "" };
    let preload = if hsts.preload { "; preload" } else { "" };
    format!("max-age={}{subdomains}{preload}", hsts.max_age_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_has_the_form_that_browsers_and_preload_lists_read() {
        let value = |include_subdomains, preload| {
            strict_transport(Hsts { max_age_seconds: 31_536_000, include_subdomains, preload })
        };
        assert_eq!(value(false, false), "max-age=31536000");
        assert_eq!(value(true, false), "max-age=31536000; includeSubDomains");
        assert_eq!(value(true, true), "max-age=31536000; includeSubDomains; preload");
    }
}
