use super::{
    chance::Chance,
    ledger::{Ledger, Must},
};
use crate::{
    rest::{Answer, Api},
    zone::{Cloud, Zone},
};
use anyhow::{Context as _, bail};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::sync::watch;

const AFTER_A_FAILURE: Duration = Duration::from_millis(20);

/// Writes one after the other to a zone of its own, and keeps a ledger of what it was told.
pub(super) struct Writer {
    chance: Chance,
    ledger: Ledger,
    /// Records that are known to exist, by name and id.
    mine: Vec<(String, String)>,
}

/// What came of a write.
enum Told {
    Done(Answer),
    /// No answer, or one that leaves open whether it happened.
    Nothing,
}

impl Writer {
    pub(super) async fn new(api: &Api, index: usize, chance: Chance) -> anyhow::Result<Self> {
        let zone = Zone::create(api, &format!("writer-{index}.test")).await?;
        // Nobody listens there: a call that passes the toggle is refused by the origin, which is how a node's toggle is seen.
        zone.record_at("grpc", ([127, 0, 0, 1], 1).into(), Cloud::Orange, "auto").await?;
        zone.set_all(&[("ssl", "full"), ("grpc", "off")]).await?;
        let toggle = BTreeSet::from(["off"]);
        let ledger = Ledger {
            zone,
            records: BTreeMap::new(),
            toggle,
            newest_revision: 0,
            acknowledged: 0,
            unanswered: 0,
        };
        Ok(Self { chance, ledger, mine: Vec::new() })
    }

    pub(super) async fn run(mut self, stopped: watch::Receiver<bool>) -> anyhow::Result<Ledger> {
        let mut number = 0;
        while !*stopped.borrow() {
            match self.chance.below(4) {
                0 => self.toggle().await?,
                1 if !self.mine.is_empty() => self.delete().await?,
                _ => {
                    number += 1;
                    self.create(number).await?;
                }
            }
        }
        Ok(self.ledger)
    }

    async fn create(&mut self, number: usize) -> anyhow::Result<()> {
        let name = self.ledger.zone.host(&format!("w-{number}"));
        let record = json!({"type": "TXT", "name": name, "content": format!("write {number}"), "ttl": 60});
        match self.write("POST", "/dns_records", record).await? {
            Told::Done(answer) => {
                let id = answer.body["result"]["id"].as_str().context("a record has an id")?.to_owned();
                self.ledger.records.insert(name.clone(), Must::Exist);
                self.mine.push((name, id));
            }
            Told::Nothing => drop(self.ledger.records.insert(name, Must::Either)),
        }
        Ok(())
    }

    async fn delete(&mut self) -> anyhow::Result<()> {
        let index = usize::try_from(self.chance.below(self.mine.len() as u64))?;
        let (name, id) = self.mine.swap_remove(index);
        let told = self.write("DELETE", &format!("/dns_records/{id}"), json!(null)).await?;
        let must = if matches!(told, Told::Done(_)) { Must::NotExist } else { Must::Either };
        self.ledger.records.insert(name, must);
        Ok(())
    }

    async fn toggle(&mut self) -> anyhow::Result<()> {
        let value = if self.chance.below(2) == 0 { "on" } else { "off" };
        if let Told::Done(_) = self.write("PATCH", "/settings/grpc", json!({"value": value})).await? {
            self.ledger.toggle.clear();
        }
        self.ledger.toggle.insert(value);
        Ok(())
    }

    async fn write(&mut self, method: &str, path: &str, body: serde_json::Value) -> anyhow::Result<Told> {
        let path = format!("/zones/{}{path}", self.ledger.zone.id);
        let answer = self.ledger.zone.api.call(method.parse()?, &path, Some(body)).await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                self.ledger.acknowledged += 1;
                let revision = answer.revision().unwrap_or(self.ledger.newest_revision);
                self.ledger.newest_revision = self.ledger.newest_revision.max(revision);
                Ok(Told::Done(answer))
            }
            Ok(answer) if answer.status < 500 => bail!("{method} {path}: {answer:?}"),
            _ => {
                self.ledger.unanswered += 1;
                tokio::time::sleep(AFTER_A_FAILURE).await;
                Ok(Told::Nothing)
            }
        }
    }
}
