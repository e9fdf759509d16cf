//! The link between the planes: what it promises about history, and what it does over real sockets and a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says why it stopped")]

mod applied;
mod enrolment;
mod harness;
mod history;
mod model;
mod replicas;
mod secrets;
mod stream;
mod wire;
