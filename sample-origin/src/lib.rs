//! A small gRPC origin: a greeter, health and reflection, over TLS and over plaintext HTTP/2. It stands behind the
//! edge in the walk-through and in end-to-end tests, and it behaves; misbehaving origins live with the tests.

mod echo;
mod greeter;
mod serve;

pub use greeter::{GREETINGS_BYTES_MAX, REPLIES};
pub use serve::{Config, Error, KeyPair, Running, SampleOrigin, Tls};

/// Messages, client and server of `hello.HelloService`.
#[expect(unused_qualifications, clippy::allow_attributes, reason = "generated code")]
pub mod hello {
    tonic::include_proto!("hello");
}

pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hello.bin"));
