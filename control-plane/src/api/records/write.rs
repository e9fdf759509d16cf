//! Writing records inside a change. Whatever the order of the operations, the rules between records judge what results.

use super::{
    draft::{self, How, RecordBody},
    existing,
    neighbours::judge,
    view::audited,
};
use crate::{
    api::error::{ApiError, Result},
    db::{
        audit::Entry,
        change::Change,
        records::{self, RECORD_BYTES_PER_ZONE_MAX, RECORDS_PER_ZONE_MAX, Record, RecordKind},
        zones::Zone,
    },
};
use policy::{hostname::Hostname, id::RecordId, revision::Revision};
use std::collections::BTreeMap;

/// A change of the records of one zone.
pub(super) struct Writing {
    change: Change,
    zone: Zone,
    /// The names that records were written to, with the types written there.
    touched: BTreeMap<Hostname, Vec<RecordKind>>,
}

impl Writing {
    pub(super) fn new((change, zone): (Change, Zone)) -> Self {
        Self { change, zone, touched: BTreeMap::new() }
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(super) async fn create(&mut self, body: RecordBody) -> Result<Record> {
        let record = draft::create(&self.zone, body, self.change.at())?;
        records::insert(&mut self.change, &record).await?;
        self.written("dns_record.create", None, Some(&record));
        Ok(record)
    }

    pub(super) async fn alter(&mut self, id: RecordId, body: RecordBody, how: How) -> Result<Record> {
        let before = existing(records::find(self.change.conn(), self.zone.id, id).await?)?;
        let record = draft::alter(&self.zone, before.clone(), body, how, self.change.at())?;
        records::update(&mut self.change, &record).await?;
        self.written("dns_record.edit", Some(&before), Some(&record));
        Ok(record)
    }

    pub(super) async fn delete(&mut self, id: RecordId) -> Result<Record> {
        let record = existing(records::find(self.change.conn(), self.zone.id, id).await?)?;
        records::delete(&mut self.change, self.zone.id, id).await?;
        self.written("dns_record.delete", Some(&record), None);
        Ok(record)
    }

    /// Judges what results from all operations, and commits it.
    pub(super) async fn commit(mut self) -> Result<Revision> {
        let names: Vec<&Hostname> = self.touched.keys().collect();
        let records = records::named(self.change.conn(), self.zone.id, &names).await?;
        for group in records.chunk_by(|a, b| a.name == b.name) {
            let written = group.first().and_then(|record| self.touched.get(&record.name));
            judge(group, written.map_or(&[], Vec::as_slice))?;
        }
        if !self.touched.is_empty() {
            self.judge_size().await?;
        }
        Ok(self.change.commit().await?)
    }

    async fn judge_size(&mut self) -> Result<()> {
        let (count, bytes) = records::measure(self.change.conn(), self.zone.id).await?;
        if count > RECORDS_PER_ZONE_MAX {
            return Err(ApiError::refused(
                81045,
                format!("Record quota exceeded: a zone has at most {RECORDS_PER_ZONE_MAX} records."),
            ));
        }
        if bytes > RECORD_BYTES_PER_ZONE_MAX {
            return Err(ApiError::refused(
                81045,
                format!(
                    "Record quota exceeded: the records of a zone have at most {RECORD_BYTES_PER_ZONE_MAX} bytes when published."
                ),
            ));
        }
        Ok(())
    }

    fn written(&mut self, action: &'static str, before: Option<&Record>, after: Option<&Record>) {
        if let Some(record) = after {
            self.touched.entry(record.name.clone()).or_default().push(record.kind);
        }
        let Some(record) = after.or(before) else { return };
        let mut entry = Entry::in_zone(action, "dns_record", record.id, self.zone.account, self.zone.id);
        entry.before = before.map(audited);
        entry.after = after.map(audited);
        self.change.audit(entry);
    }
}
