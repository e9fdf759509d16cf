//! A zone through the eyes of its owner.

use crate::{
    authority::Authority,
    origins::Origin,
    rest::{Answer, Api},
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub struct Zone {
    pub api: Api,
    pub id: String,
    pub name: String,
}

/// Whether a record's cloud is orange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    Orange,
    Grey,
}

impl Zone {
    pub async fn create(api: &Api, name: &str) -> anyhow::Result<Self> {
        let account = api.get("/accounts").await?.granted()?[0]["id"].clone();
        let zone = api
            .post("/zones?wait=applied", json!({"name": name, "account": {"id": account}}))
            .await?
            .granted()?;
        let id = zone["id"].as_str().context("a zone without an id")?.to_owned();
        Ok(Self { api: api.clone(), id, name: name.to_owned() })
    }

    /// The full name of a label in this zone.
    pub fn host(&self, label: &str) -> String {
        format!("{label}.{}", self.name)
    }

    /// Changes a setting and returns when every connected node has it.
    pub async fn try_set(&self, setting: &str, value: &str) -> anyhow::Result<Answer> {
        self.write("PATCH", &format!("/settings/{setting}"), json!({"value": value})).await
    }

    pub async fn set(&self, setting: &str, value: &str) -> anyhow::Result<()> {
        self.try_set(setting, value).await?.granted().map(drop)
    }

    /// Several settings at once, so that the order in which they are possible does not matter.
    pub async fn set_all(&self, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let items: Vec<_> = settings.iter().map(|(id, value)| json!({"id": id, "value": value})).collect();
        self.write("PATCH", "/settings", json!({"items": items})).await?.granted().map(drop)
    }

    pub async fn pause(&self, paused: bool) -> anyhow::Result<()> {
        self.write("PATCH", "", json!({"paused": paused})).await?.granted().map(drop)
    }

    /// A record that points at the origin's port.
    pub async fn record(&self, label: &str, origin: &Origin, cloud: Cloud) -> anyhow::Result<String> {
        self.record_at(label, origin.address, cloud, "auto").await
    }

    pub async fn record_at(
        &self,
        label: &str,
        origin: SocketAddr,
        cloud: Cloud,
        protocol: &str,
    ) -> anyhow::Result<String> {
        let record = json!({
            "type": if origin.is_ipv4() { "A" } else { "AAAA" }, "name": label, "content": origin.ip().to_string(), "ttl": 1,
            "proxied": cloud == Cloud::Orange, "origin": {"port": origin.port(), "protocol": protocol},
        });
        let made = self.write("POST", "/dns_records", record).await?.granted()?;
        Ok(made["id"].as_str().context("a record without an id")?.to_owned())
    }

    pub async fn edit_record(&self, id: &str, change: Value) -> anyhow::Result<Answer> {
        self.write("PATCH", &format!("/dns_records/{id}"), change).await
    }

    pub async fn paint(&self, record: &str, cloud: Cloud) -> anyhow::Result<()> {
        self.edit_record(record, json!({"proxied": cloud == Cloud::Orange})).await?.granted().map(drop)
    }

    /// Lets `strict` accept what the authority has signed.
    pub async fn trust(&self, authority: &Authority) -> anyhow::Result<()> {
        self.write("POST", "/acm/custom_trust_store", json!({"certificate": authority.pem()}))
            .await?
            .granted()
            .map(drop)
    }

    pub async fn remove(&self) -> anyhow::Result<()> {
        self.api.delete(&format!("/zones/{}?wait=applied", self.id)).await?.granted().map(drop)
    }

    /// A write below the zone that returns when every node connected at its commit has applied it.
    async fn write(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Answer> {
        let path = format!("/zones/{}{path}?wait=applied", self.id);
        let answer = self.api.call(method.parse()?, &path, Some(body)).await?;
        ensure!(answer.unapplied().is_none_or(is_all), "not every node has applied it: {:?}", answer.headers);
        Ok(answer)
    }
}

/// `3/3`, but not `2/3`.
fn is_all(applied: &str) -> bool {
    applied.split_once('/').is_some_and(|(have, of)| have == of)
}
