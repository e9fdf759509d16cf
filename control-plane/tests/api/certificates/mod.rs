//! Certificates, trust stores and Origin CA, through the REST API and in the database.

mod authorities;
mod certificate_packs;
mod custom_certificates;
mod custom_trust_store;
mod edge_certificates;
pub(crate) mod made;
mod origin_ca;
mod support;
mod universal_ssl;
