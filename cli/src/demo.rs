//! The demonstration zone of development and compose: `demo.test` with a sample gRPC origin behind `grpc.demo.test`.
//!
//! Everything is asked of the REST API, as a user would, so the walk-through starts from what anybody could have made.

use crate::{rest::Api, whole_file};
use anyhow::Context as _;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use std::{fs, net::IpAddr, path::Path, time::Duration};

pub(crate) const ZONE: &str = "demo.test";
pub(crate) const HOST: &str = "grpc.demo.test";

/// Some time before the certificate's year is over.
const REORDERED_AFTER: Duration = Duration::from_secs(300 * 24 * 3600);

/// Where the record of the sample origin points.
pub(crate) struct Origin {
    /// An IP address, or a name that the nodes can resolve.
    pub(crate) target: String,
    pub(crate) port: u16,
}

impl Origin {
    fn record_type(&self) -> &'static str {
        match self.target.parse() {
            Ok(IpAddr::V4(_)) => "A",
            Ok(IpAddr::V6(_)) => "AAAA",
            Err(_) => "CNAME",
        }
    }
}

/// A certificate from the Origin CA with its private key, both PEM.
pub(crate) struct OriginCertificate {
    pub(crate) chain: String,
    pub(crate) key: String,
}

/// The id of the zone, which is made if it is missing.
pub(crate) async fn zone(api: &Api) -> anyhow::Result<String> {
    let found = api.get(&format!("/zones?name={ZONE}")).await?;
    if let Some(id) = found[0]["id"].as_str() {
        return Ok(id.to_owned());
    }
    let zone = api.post("/zones", json!({ "name": ZONE })).await?;
    Ok(zone["id"].as_str().context("the new zone has no id")?.to_owned())
}

/// Makes the record if it is missing: *DNS only*, SSL `flexible`, gRPC `off`. Switches that were flipped since stay; only where
/// the record points follows the origin.
pub(crate) async fn record(api: &Api, zone: &str, origin: &Origin) -> anyhow::Result<()> {
    let records = format!("/zones/{zone}/dns_records");
    let found = api.get(&format!("{records}?type={}&name={HOST}", origin.record_type())).await?;
    let wanted = json!({ "content": origin.target, "origin": { "port": origin.port } });
    match found[0]["id"].as_str() {
        Some(id) => api.patch(&format!("{records}/{id}?wait=applied"), wanted).await?,
        None => {
            // Before the record, so that a set-up which was cut short is taken up again here.
            api.patch(&format!("/zones/{zone}/settings/ssl"), json!({ "value": "flexible" })).await?;
            let mut record =
                json!({ "type": origin.record_type(), "name": HOST, "ttl": 1, "proxied": false });
            merge(&mut record, wanted);
            api.post(&format!("{records}?wait=applied"), record).await?
        }
    };
    Ok(())
}

/// The certificate in a folder, as `origin.pem` and `origin.key`; ordered if it is not there or soon at its end.
pub(crate) async fn certificate(api: &Api, dir: &Path) -> anyhow::Result<OriginCertificate> {
    let (chain, key) = (dir.join("origin.pem"), dir.join("origin.key"));
    let written = fs::metadata(&chain).and_then(|file| file.modified()).ok();
    let fresh = written.and_then(|at| at.elapsed().ok()).is_some_and(|age| age < REORDERED_AFTER);
    if !(fresh && key.exists()) {
        let ordered = order_certificate(api).await?;
        whole_file::write(&key, 0o600, &ordered.key)?;
        whole_file::write(&chain, 0o600, &ordered.chain)?;
    }
    Ok(OriginCertificate { chain: fs::read_to_string(chain)?, key: fs::read_to_string(key)? })
}

/// A certificate for the sample origin from the Origin CA; the key is made here and never sent.
async fn order_certificate(api: &Api) -> anyhow::Result<OriginCertificate> {
    let hosts = vec![HOST.to_owned(), format!("*.{ZONE}")];
    let key = KeyPair::generate()?;
    let csr = CertificateParams::new(hosts.clone())?.serialize_request(&key)?.pem()?;
    let order =
        json!({ "csr": csr, "hostnames": hosts, "request_type": "origin-ecc", "requested_validity": 365 });
    let issued = api.post("/certificates", order).await?;
    let chain = issued["certificate"].as_str().context("the Origin CA sent no certificate")?.to_owned();
    Ok(OriginCertificate { chain, key: key.serialize_pem() })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
