//! The demonstration zone of development and compose: `demo.test` with a sample gRPC origin behind `grpc.demo.test`.
//!
//! Everything is asked of the REST API, as a user would, so the walk-through starts from what anybody could have made.

use crate::rest::Api;
use anyhow::Context as _;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

pub(crate) const ZONE: &str = "demo.test";
pub(crate) const HOST: &str = "grpc.demo.test";

/// Where the record of the sample origin points.
pub(crate) struct Origin {
    /// An IP address, or a name that the nodes can resolve.
    pub(crate) target: String,
    pub(crate) port: u16,
}

/// A certificate from the Origin CA with its private key, both PEM.
pub(crate) struct OriginCertificate {
    pub(crate) chain: String,
    pub(crate) key: String,
}

/// Makes the zone if it is missing, *DNS only*, SSL `flexible`, gRPC `off`; what exists is left as it is.
pub(crate) async fn make_zone(api: &Api) -> anyhow::Result<String> {
    let found = api.get(&format!("/zones?name={ZONE}")).await?;
    if let Some(id) = found[0]["id"].as_str() {
        return Ok(id.to_owned());
    }
    let zone = api.post("/zones", json!({ "name": ZONE })).await?;
    let id = zone["id"].as_str().context("the new zone has no id")?.to_owned();
    api.patch(&format!("/zones/{id}/settings/ssl"), json!({ "value": "flexible" })).await?;
    Ok(id)
}

/// Points `grpc.demo.test` at the sample origin; an existing record keeps its proxy status.
pub(crate) async fn point_record(api: &Api, zone: &str, origin: &Origin) -> anyhow::Result<()> {
    let is_address = origin.target.parse::<std::net::IpAddr>();
    let kind = match is_address {
        Ok(std::net::IpAddr::V4(_)) => "A",
        Ok(std::net::IpAddr::V6(_)) => "AAAA",
        Err(_) => "CNAME",
    };
    let wanted = json!({ "content": origin.target, "origin": { "port": origin.port } });
    let found = api.get(&format!("/zones/{zone}/dns_records?type={kind}&name={HOST}")).await?;
    match found[0]["id"].as_str() {
        Some(_) if found[0]["content"] == wanted["content"] && found[0]["origin"]["port"] == wanted["origin"]["port"] => {}
        Some(id) => {
            api.patch(&format!("/zones/{zone}/dns_records/{id}"), wanted).await?;
        }
        None => {
            let mut record = json!({ "type": kind, "name": HOST, "ttl": 1, "proxied": false });
            merge(&mut record, wanted);
            api.post(&format!("/zones/{zone}/dns_records"), record).await?;
        }
    }
    Ok(())
}

/// A certificate for the sample origin from the Origin CA; the key is made here and never sent.
pub(crate) async fn order_certificate(api: &Api) -> anyhow::Result<OriginCertificate> {
    let hosts = vec![HOST.to_owned(), format!("*.{ZONE}")];
    let key = KeyPair::generate()?;
    let csr = CertificateParams::new(hosts.clone())?.serialize_request(&key)?.pem()?;
    let order = json!({ "csr": csr, "hostnames": hosts, "request_type": "origin-ecc", "requested_validity": 365 });
    let issued = api.post("/certificates", order).await?;
    let chain = issued["certificate"].as_str().context("the Origin CA sent no certificate")?.to_owned();
    Ok(OriginCertificate { chain, key: key.serialize_pem() })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
