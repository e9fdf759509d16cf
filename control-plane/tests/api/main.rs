//! The REST API as callers meet it: each test has its own database and talks HTTP to the whole service.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod bad_input;
mod batch;
mod bootstrap;
mod bounds;
mod certificates;
mod change;
mod compatibility;
mod credentials;
mod flags;
mod furnished;
mod gzip;
mod harness;
mod imports;
mod limits;
mod nodes;
mod openapi;
mod preconditions;
mod queries;
mod rate_limit;
mod record_list;
mod record_origin;
mod record_pages;
mod record_types;
mod records;
mod serving;
mod settings;
mod sweep;
mod tenants;
mod together;
mod wire;
mod zone_files;
mod zone_stubs;
mod zones;
