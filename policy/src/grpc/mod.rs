//! The gRPC protocol as far as an edge must understand it (gRPC over HTTP/2, "PROTOCOL-HTTP2.md" of the gRPC project).

mod message;
mod status;
mod timeout;

pub use message::{decode_message, encode_message};
pub use status::{Status, from_http_status, from_http2_error};
pub use timeout::{TIMEOUT_NANOS_MAX, format_timeout, parse_timeout};

/// What a request speaks, told by its content type alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Grpc,
    GrpcWeb,
    Http,
}

impl Dialect {
    /// `application/grpc`, then the end, `+` or `;`. gRPC-Web is `application/grpc-web` in the same way, with or without `-text`.
    pub fn of(content_type: Option<&[u8]>) -> Self {
        let Some(value) = content_type else { return Self::Http };
        if let Some(rest) = strip_prefix_ignore_case(value, b"application/grpc-web") {
            let rest = strip_prefix_ignore_case(rest, b"-text").unwrap_or(rest);
            return if ends_type(rest) { Self::GrpcWeb } else { Self::Http };
        }
        match strip_prefix_ignore_case(value, b"application/grpc") {
            Some(rest) if ends_type(rest) => Self::Grpc,
            _ => Self::Http,
        }
    }
}

/// Service and method of a path such as `/hello.HelloService/SayHello`; nothing if the path has another shape.
pub fn service_and_method(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.rsplit_once('/')?;
    if service.is_empty() || method.is_empty() || method.contains('?') {
        None
    } else {
        Some((service, method))
    }
}

fn ends_type(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b'+' | b';' | b' '))
}

fn strip_prefix_ignore_case<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = value.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_tells_the_dialect() {
        for (value, dialect) in [
            ("application/grpc", Dialect::Grpc),
            ("Application/GRPC+proto", Dialect::Grpc),
            ("application/grpc;charset=utf-8", Dialect::Grpc),
            ("application/grpcx", Dialect::Http),
            ("application/grpc-web", Dialect::GrpcWeb),
            ("application/grpc-web+proto", Dialect::GrpcWeb),
            ("application/grpc-web-text", Dialect::GrpcWeb),
            ("application/grpc-webby", Dialect::Http),
            ("application/json", Dialect::Http),
            ("", Dialect::Http),
        ] {
            assert_eq!(Dialect::of(Some(value.as_bytes())), dialect, "{value}");
        }
        assert_eq!(Dialect::of(None), Dialect::Http);
    }

    #[test]
    fn a_path_names_a_service_and_a_method() {
        assert_eq!(
            service_and_method("/hello.HelloService/SayHello"),
            Some(("hello.HelloService", "SayHello"))
        );
        for path in ["", "/", "/a", "//b", "/a/", "a/b"] {
            assert_eq!(service_and_method(path), None, "{path}");
        }
    }
}
