//! A private PostgreSQL cluster as a child process, for development, for a single machine and for tests.
//!
//! The server listens on a Unix socket only, in a folder that nobody else may enter, and never outlives the process
//! that started it. In the order in which a start happens: [`owner`] (as whom), [`home`] (where), [`find`] and
//! [`managed`] (with which binaries), [`initialise`], [`server`] (the child), [`cluster`] (all of it together).

mod admin;
mod archive;
mod cluster;
mod error;
mod find;
mod home;
mod initialise;
mod managed;
mod owner;
mod postmaster;
mod server;
mod shared;
mod temporary;

pub use cluster::{Cluster, Download, Durability, Options, default_cache};
pub use error::Error;
pub use shared::{TestServer, shared_for_tests, test_database};
pub use temporary::Temporary;
