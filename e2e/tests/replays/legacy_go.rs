//! Answers in the types that cloudflare-go had before its version 2, which flarectl and Terraform v4 decode them to.

use e2e::rest::Answer;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A zone of the API. Null is as good as nothing to Go, but another type would be an error.
#[derive(Deserialize)]
#[expect(dead_code, reason = "some fields are there only to be decoded")]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) r#type: String,
    pub(crate) paused: bool,
    pub(crate) development_mode: i32,
    pub(crate) name_servers: Vec<String>,
    pub(crate) original_name_servers: Option<Vec<String>>,
    pub(crate) vanity_name_servers: Option<Vec<String>>,
    pub(crate) verification_key: Option<String>,
    pub(crate) created_on: jiff::Timestamp,
    pub(crate) modified_on: jiff::Timestamp,
    pub(crate) account: Account,
    pub(crate) meta: ZoneMeta,
    pub(crate) plan: Plan,
}

#[derive(Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "some fields are there only to be decoded")]
pub(crate) struct ZoneMeta {
    pub(crate) page_rule_quota: i32,
    pub(crate) wildcard_proxiable: bool,
    pub(crate) phishing_detected: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "they are there only to be decoded")]
pub(crate) struct Plan {
    pub(crate) price: i32,
    pub(crate) legacy_id: String,
}

/// A record likewise.
#[derive(Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) name: String,
    pub(crate) content: String,
    pub(crate) ttl: i32,
    pub(crate) proxied: bool,
    pub(crate) proxiable: bool,
    pub(crate) priority: Option<u16>,
    /// The provider casts it without asking.
    pub(crate) meta: Map<String, Value>,
    pub(crate) data: Option<Map<String, Value>>,
    pub(crate) comment: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) created_on: jiff::Timestamp,
    pub(crate) modified_on: jiff::Timestamp,
}

/// A setting likewise. `modified_on` is a string in Go, which leaves null alone.
#[derive(Deserialize)]
pub(crate) struct Setting {
    pub(crate) id: String,
    pub(crate) editable: bool,
    pub(crate) modified_on: Option<String>,
    pub(crate) value: Value,
    pub(crate) time_remaining: Option<i32>,
}

/// The result of a request that was granted.
pub(crate) fn decoded<T: DeserializeOwned>(answer: Answer) -> T {
    serde_json::from_value(answer.granted().unwrap()).unwrap()
}
