//! The data plane: TLS in, decisions, origin out. It remembers nothing that the control plane does not tell it.
//!
//! [`listen`] takes visitors in, [`journey`] decides each request, [`origin`] reaches the other end, [`current`] holds what the
//! zones' owners chose, and [`serve`] puts it all together.

pub mod config;
pub mod current;
mod fields;
pub mod follow;
pub mod geoip;
pub mod journey;
pub mod listen;
pub mod origin;
pub mod serve;
mod tcp;
pub mod telemetry;
