//! A node under real traffic: real TLS, real gRPC clients, real and misbehaving origins. The configuration is put in directly.
#![expect(clippy::unwrap_used, unreachable_pub, reason = "a test may panic")]

mod authority;
mod calls;
mod deadlines;
mod dns;
mod doors;
mod drain;
mod geolocation;
mod harness;
mod headers;
mod http1;
mod origin_streams;
mod origins;
mod plain_http;
mod read_timeout;
mod refusals;
mod smuggling;
mod ssl_modes;
mod streams;
mod uploads;
mod visitor;
mod visitor_tls;
mod websockets;
