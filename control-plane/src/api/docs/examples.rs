//! A body for every operation that takes one; a test sends each of them. Values are filled in where only the reader can know them.

use serde_json::{Value, json};

const PEM: &str = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n";
const CSR: &str = "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n";
/// Stands for an id.
const ID: &str = "0123456789abcdef0123456789abcdef";

/// The example for an operation, whose path is given without `/client/v4`.
pub(super) fn body(method: &str, path: &str) -> Option<Value> {
    let tail = path.strip_prefix("/zones/{zone_id}");
    tail.and_then(|tail| in_zone(method, tail)).or_else(|| elsewhere(method, path))
}

fn in_zone(method: &str, tail: &str) -> Option<Value> {
    Some(match (method, tail) {
        ("patch", "") => json!({"paused": true}),
        ("post", "/purge_cache") => json!({"purge_everything": true}),
        ("post" | "put", "/subscription") => json!({"rate_plan": {"id": "enterprise"}}),
        ("patch", "/settings") => {
            json!({"items": [{"id": "ssl", "value": "strict"}, {"id": "grpc", "value": "on"}]})
        }
        ("patch", "/settings/{setting_id}") => json!({"value": "on"}),
        ("post", "/flags/products/{product}/changes") => json!({"feature": "gRPC", "value": true}),
        ("post", "/dns_records") => record("grpc"),
        ("put", "/dns_records/{record_id}") => record("api"),
        ("patch", "/dns_records/{record_id}") => json!({"proxied": true, "comment": "orange"}),
        ("post", "/dns_records/batch") => json!({
            "deletes": [{"id": ID}],
            "posts": [record("www"), {"type": "TXT", "name": "www", "content": "hello", "ttl": 300}],
        }),
        ("post", "/dns_records/import") => {
            json!({"file": "www 300 IN A 192.0.2.2 ; cf_tags=cf-proxied:false\n", "proxied": "true"})
        }
        ("post", "/custom_certificates") => {
            json!({"certificate": PEM, "private_key": KEY, "bundle_method": "ubiquitous", "type": "sni_custom"})
        }
        ("patch", "/custom_certificates/{custom_certificate_id}") => {
            json!({"certificate": PEM, "private_key": KEY})
        }
        ("put", "/custom_certificates/prioritize") => json!({"certificates": [{"id": ID, "priority": 1}]}),
        ("patch", "/ssl/universal/settings") => json!({"enabled": false}),
        ("patch", "/ssl/verification/{certificate_pack_id}") => json!({"validation_method": "http"}),
        ("post", "/acm/custom_trust_store") => json!({"certificate": PEM}),
        _ => return None,
    })
}

fn elsewhere(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("post", "/zones") => json!({"name": "example.org", "type": "full"}),
        ("post", "/certificates") => json!({
            "csr": CSR, "hostnames": ["example.com", "*.example.com"], "request_type": "origin-ecc", "requested_validity": 365,
        }),
        ("post", "/orangery/enrolment_tokens") => json!({"name": "rack 7", "uses": 3}),
        ("patch", "/orangery/nodes/{node_id}") => json!({"name": "edge-1", "labels": {"rack": "7"}}),
        _ => return None,
    })
}

/// A proxied name whose origin is reached on a port of its own.
fn record(name: &str) -> Value {
    json!({
        "type": "A", "name": name, "content": "192.0.2.1", "ttl": 1, "proxied": true,
        "origin": {"port": 8443, "protocol": "auto"},
    })
}
