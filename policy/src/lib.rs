//! The language of the edge: pure values and pure decisions, shared by both planes.
//!
//! What the control plane refuses on write is exactly what a node could not enforce, because both ask this crate. It knows no
//! sockets, no clock and no database. In reading order: [`hostname`] and [`id`] name things, [`settings`], [`record`] and
//! [`origin`] describe what a zone's owner chose, [`zone`] puts them into one document, and [`refusal`] lists every reason to
//! say no.

pub mod address;
pub mod certificate;
pub mod grpc;
pub mod hostname;
pub mod id;
pub mod object;
pub mod origin;
pub mod record;
pub mod refusal;
pub mod revision;
pub mod settings;
pub mod ssl;
pub mod zone;
