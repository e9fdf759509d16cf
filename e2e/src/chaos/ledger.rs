//! What a writer was told, to be held against what is.

use crate::zone::Zone;
use anyhow::{Context as _, ensure};
use std::collections::{BTreeMap, BTreeSet};

/// What must be true of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Must {
    Exist,
    NotExist,
    /// The answer to the last write was lost.
    Either,
}

pub(super) struct Ledger {
    pub(super) zone: Zone,
    pub(super) records: BTreeMap<String, Must>,
    /// What the toggle may be: the last acknowledged value, and every later one whose answer was lost.
    pub(super) toggle: BTreeSet<&'static str>,
    pub(super) newest_revision: u64,
    pub(super) acknowledged: usize,
    pub(super) unanswered: usize,
}

impl Ledger {
    /// Compares with what the API says now.
    pub(super) async fn hold_against_truth(&self) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        for page in 1.. {
            let path = format!("/zones/{}/dns_records?type=TXT&per_page=1000&page={page}", self.zone.id);
            let listed = self.zone.api.get(&path).await?.granted()?;
            let listed = listed.as_array().context("a list")?;
            if listed.is_empty() {
                break;
            }
            names.extend(listed.iter().filter_map(|record| record["name"].as_str().map(str::to_owned)));
        }
        for (name, must) in &self.records {
            let there = names.remove(name);
            let kept = *must == Must::Either || there == (*must == Must::Exist);
            ensure!(kept, "{name} must {must:?}, and it is there: {there}");
        }
        ensure!(names.is_empty(), "nobody wrote {names:?}");
        ensure!(
            self.toggle.contains(self.toggle_now().await?.as_str()),
            "the toggle may be {:?}",
            self.toggle
        );
        Ok(())
    }

    pub(super) async fn toggle_now(&self) -> anyhow::Result<String> {
        let setting =
            self.zone.api.get(&format!("/zones/{}/settings/grpc", self.zone.id)).await?.granted()?;
        Ok(setting["value"].as_str().context("a value")?.to_owned())
    }
}
