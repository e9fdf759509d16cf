//! Writing records inside a change. Whatever the order of the operations, the rules between records judge what results.

use super::{
    draft::{self, How, RecordBody},
    existing,
    neighbours::{joins, judge, origins},
    view::audited,
};
use crate::{
    api::error::{ApiError, Result},
    db::{
        audit::Entry,
        change::{Change, Committed},
        records::{self, RECORD_BYTES_PER_ZONE_MAX, RECORDS_PER_ZONE_MAX, Record, RecordKind},
        zones::Zone,
    },
};
use policy::{hostname::Hostname, id::RecordId};
use std::collections::BTreeMap;

/// A change of the records of one zone.
pub(super) struct Writing {
    change: Change,
    zone: Zone,
    /// The names that records were written to, with the types written there.
    touched: BTreeMap<Hostname, Vec<RecordKind>>,
    /// What was deleted. Clients that replace an address delete one record and add another.
    deleted: Vec<Record>,
}

/// A record that is about to be written.
struct Draft {
    record: Record,
    /// Whether it takes over the `origin` of the proxied addresses of its name.
    inherits: bool,
}

impl Writing {
    pub(super) fn new((change, zone): (Change, Zone)) -> Self {
        Self { change, zone, touched: BTreeMap::new(), deleted: Vec::new() }
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Adds records. If there are several mistakes, the first one in the order of the records is refused.
    pub(super) async fn create(&mut self, bodies: Vec<RecordBody>) -> Result<Vec<Record>> {
        let (mut drafts, mut mistake) = (Vec::with_capacity(bodies.len()), Ok(()));
        for body in bodies {
            let has_origin = body.has_origin();
            match draft::create(&self.zone, body, self.change.at()) {
                Ok(record) => drafts.push(Draft { inherits: !has_origin && joins(None, &record), record }),
                Err(error) => {
                    mistake = Err(error);
                    break;
                }
            }
        }
        self.inherit(&mut drafts).await?;
        let created: Vec<Record> = drafts.into_iter().map(|draft| draft.record).collect();
        records::insert(&mut self.change, self.zone.id, &created).await?;
        mistake?;
        for record in &created {
            self.written("dns_record.create", None, Some(record));
        }
        Ok(created)
    }

    pub(super) async fn alter(&mut self, id: RecordId, body: RecordBody, how: How) -> Result<Record> {
        let before = existing(records::find(self.change.conn(), self.zone.id, id).await?)?;
        let has_origin = body.has_origin();
        let record = draft::alter(&self.zone, before.clone(), body, how, self.change.at())?;
        let mut draft = Draft { inherits: !has_origin && joins(Some(&before), &record), record };
        self.inherit(std::slice::from_mut(&mut draft)).await?;
        records::update(&mut self.change, &draft.record).await?;
        self.written("dns_record.edit", Some(&before), Some(&draft.record));
        Ok(draft.record)
    }

    /// Clients that do not know `origin` add addresses to a name without speaking of it: they mean the one that the name has,
    /// gets from others that are added at the same time, or had until this change.
    async fn inherit(&mut self, drafts: &mut [Draft]) -> Result<()> {
        let names: Vec<&Hostname> =
            drafts.iter().filter(|draft| draft.inherits).map(|draft| &draft.record.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let held = records::named(self.change.conn(), self.zone.id, &names).await?;
        let spoken = drafts.iter().filter(|draft| !draft.inherits).map(|draft| &draft.record);
        let origins = origins(self.deleted.iter().chain(spoken).chain(&held));
        for Draft { record, .. } in drafts.iter_mut().filter(|draft| draft.inherits) {
            if let Some(origin) = origins.get(&record.name) {
                record.origin.clone_from(origin);
            }
        }
        Ok(())
    }

    pub(super) async fn delete(&mut self, id: RecordId) -> Result<Record> {
        let record = existing(records::find(self.change.conn(), self.zone.id, id).await?)?;
        records::delete(&mut self.change, self.zone.id, id).await?;
        self.written("dns_record.delete", Some(&record), None);
        self.deleted.push(record.clone());
        Ok(record)
    }

    /// Judges what results from all operations, and commits it.
    pub(super) async fn commit(mut self) -> Result<Committed> {
        let names: Vec<&Hostname> = self.touched.keys().collect();
        let records = records::named(self.change.conn(), self.zone.id, &names).await?;
        for group in records.chunk_by(|a, b| a.name == b.name) {
            let written = group.first().and_then(|record| self.touched.get(&record.name));
            judge(group, written.map_or(&[], Vec::as_slice), &self.zone.name)?;
        }
        if !self.touched.is_empty() {
            self.judge_size().await?;
        }
        Ok(self.change.commit_zone(self.zone.id).await?)
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
