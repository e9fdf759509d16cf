//! What Orangery promises to its users, one test for each promise, with both planes, real origins and real clients.
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

mod addresses;
mod certificates;
mod clients;
mod matrix;
mod origins;
mod planes;
mod refusals;
mod replicas;
mod settings;
mod streams;
mod tenants;
mod walkthrough;
