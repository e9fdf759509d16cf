//! Writing records inside a change. Whatever the order of the operations, the rules between records judge what results.

use super::{
    draft::{self, How, RecordBody},
    existing,
    neighbours::{joins, judge, origins},
    taken::Taken,
    view::audited,
};
use crate::{
    api::error::{ApiError, Result},
    db::{
        audit::Entry,
        change::{Change, Committed},
        records::{
            self, RECORD_BYTES_PER_ZONE_MAX, RECORD_TEXT_BYTES_PER_ZONE_MAX, RECORDS_PER_ZONE_MAX, Record,
            RecordKind,
        },
        zones::Zone,
    },
};
use policy::{hostname::Hostname, id::RecordId};
use std::collections::{BTreeMap, HashMap, HashSet};

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
pub(super) struct Draft {
    pub(super) before: Option<Record>,
    pub(super) record: Record,
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
            match self.draft(body) {
                Ok(draft) => drafts.push(draft),
                Err(error) => {
                    mistake = Err(error);
                    break;
                }
            }
        }
        self.write("dns_record.create", drafts, mistake).await
    }

    /// Alters records one after another; a record may come more than once. The first mistake is refused.
    pub(super) async fn alter(
        &mut self,
        alterations: Vec<(RecordId, RecordBody)>,
        how: How,
    ) -> Result<Vec<Record>> {
        let mut altered = Vec::with_capacity(alterations.len());
        let mut distinct: Vec<(RecordId, RecordBody)> = Vec::new();
        for (id, body) in alterations {
            if distinct.iter().any(|(other, _)| *other == id) {
                altered.extend(self.alter_distinct(std::mem::take(&mut distinct), how).await?);
            }
            distinct.push((id, body));
        }
        altered.extend(self.alter_distinct(distinct, how).await?);
        Ok(altered)
    }

    async fn alter_distinct(
        &mut self,
        alterations: Vec<(RecordId, RecordBody)>,
        how: How,
    ) -> Result<Vec<Record>> {
        let mut found = self.find(alterations.iter().map(|(id, _)| *id)).await?;
        let (mut drafts, mut mistake) = (Vec::with_capacity(alterations.len()), Ok(()));
        for (id, body) in alterations {
            let has_origin = body.has_origin();
            let drafted = existing(found.remove(&id)).and_then(|before| {
                let record = draft::alter(&self.zone, before.clone(), body, how, self.change.at())?;
                let inherits = !has_origin && joins(Some(&before), &record);
                Ok(Draft { before: Some(before), record, inherits })
            });
            match drafted {
                Ok(draft) => drafts.push(draft),
                Err(error) => {
                    mistake = Err(error);
                    break;
                }
            }
        }
        self.write("dns_record.edit", drafts, mistake).await
    }

    /// Deletes records. The first one that does not exist is refused.
    pub(super) async fn delete(&mut self, ids: &[RecordId]) -> Result<Vec<Record>> {
        let mut found = self.find(ids.iter().copied()).await?;
        let deleted = ids.iter().map(|id| existing(found.remove(id))).collect::<Result<Vec<_>>>()?;
        records::delete(&mut self.change, self.zone.id, ids).await?;
        for record in &deleted {
            self.written("dns_record.delete", Some(record), None);
        }
        self.deleted.extend(deleted.iter().cloned());
        Ok(deleted)
    }

    async fn find(&mut self, ids: impl Iterator<Item = RecordId>) -> Result<HashMap<RecordId, Record>> {
        let ids: Vec<RecordId> = ids.collect();
        let found = records::find_all(self.change.conn(), self.zone.id, &ids).await?;
        Ok(found.into_iter().map(|record| (record.id, record)).collect())
    }

    /// A new record that is not yet written.
    pub(super) fn draft(&self, body: RecordBody) -> Result<Draft> {
        let has_origin = body.has_origin();
        let record = draft::create(&self.zone, body, self.change.at())?;
        Ok(Draft { before: None, inherits: !has_origin && joins(None, &record), record })
    }

    /// Writes drafts as if each was written before the next one is looked at. The mistake is one that came after them.
    async fn write(
        &mut self,
        action: &'static str,
        mut drafts: Vec<Draft>,
        mistake: Result<()>,
    ) -> Result<Vec<Record>> {
        let mut taken = self.taken(&drafts).await?;
        for draft in &drafts {
            taken.claim(draft).map_err(ApiError::from)?;
        }
        mistake?;
        self.inherit(&mut drafts).await?;
        self.replace(action, drafts).await
    }

    /// What is already there of what these drafts are about to be.
    pub(super) async fn taken(&mut self, drafts: &[Draft]) -> Result<Taken> {
        let records: Vec<&Record> = drafts.iter().map(|draft| &draft.record).collect();
        let identical = records::identical(self.change.conn(), self.zone.id, &records).await?;
        let mut taken = Taken::default();
        for (id, identity) in identical {
            taken.add(id, identity);
        }
        Ok(taken)
    }

    /// Puts records in the place of what they were before, by one statement for all of them. Whether each found its place free
    /// when its turn came has been judged before.
    pub(super) async fn replace(&mut self, action: &'static str, drafts: Vec<Draft>) -> Result<Vec<Record>> {
        let gone: Vec<RecordId> =
            drafts.iter().filter_map(|draft| draft.before.as_ref().map(|before| before.id)).collect();
        let (before, after): (Vec<Option<Record>>, Vec<Record>) =
            drafts.into_iter().map(|draft| (draft.before, draft.record)).unzip();
        records::delete(&mut self.change, self.zone.id, &gone).await?;
        records::insert(&mut self.change, self.zone.id, &after).await?;
        for (before, after) in before.iter().zip(&after) {
            self.written(action, before.as_ref(), Some(after));
        }
        Ok(after)
    }

    /// Clients that do not know `origin` add addresses to a name without speaking of it: they mean the one that the name has,
    /// gets from others that are added at the same time, or had until this change.
    pub(super) async fn inherit(&mut self, drafts: &mut [Draft]) -> Result<()> {
        let names: Vec<&Hostname> =
            drafts.iter().filter(|draft| draft.inherits).map(|draft| &draft.record.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let altered: HashSet<RecordId> =
            drafts.iter().filter_map(|draft| draft.before.as_ref().map(|before| before.id)).collect();
        let mut held = records::named(self.change.conn(), self.zone.id, &names).await?;
        held.retain(|record| !altered.contains(&record.id));
        let spoken = drafts.iter().filter(|draft| !draft.inherits).map(|draft| &draft.record);
        let origins = origins(self.deleted.iter().chain(spoken).chain(&held));
        for Draft { record, .. } in drafts.iter_mut().filter(|draft| draft.inherits) {
            if let Some(origin) = origins.get(&record.name) {
                record.origin.clone_from(origin);
            }
        }
        Ok(())
    }

    /// Judges what results from all operations, and commits it.
    pub(super) async fn commit(mut self) -> Result<Committed> {
        self.judge().await.map_err(|(_, error)| error)?;
        self.finish().await
    }

    /// Commits what was judged.
    pub(super) async fn finish(self) -> Result<Committed> {
        Ok(self.change.commit_zone(self.zone.id).await?)
    }

    /// Judges what results from all operations; what is refused comes with the name at fault, if one is.
    pub(super) async fn judge(&mut self) -> Result<(), (Option<Hostname>, ApiError)> {
        if self.touched.is_empty() {
            return Ok(());
        }
        // First of all, as it limits what a name can have.
        self.judge_size().await.map_err(|error| (None, error))?;
        let names: Vec<&Hostname> = self.touched.keys().collect();
        let records = records::named(self.change.conn(), self.zone.id, &names).await;
        let records = records.map_err(|error| (None, error.into()))?;
        for group in records.chunk_by(|a, b| a.name == b.name) {
            let name = group.first().map(|record| record.name.clone());
            let written = name.as_ref().and_then(|name| self.touched.get(name));
            judge(group, written.map_or(&[], Vec::as_slice), &self.zone.name)
                .map_err(|error| (name, error))?;
        }
        Ok(())
    }

    async fn judge_size(&mut self) -> Result<()> {
        let size = records::measure(self.change.conn(), self.zone.id).await?;
        if size.count > RECORDS_PER_ZONE_MAX {
            return Err(ApiError::refused(
                81045,
                format!("Record quota exceeded: a zone has at most {RECORDS_PER_ZONE_MAX} records."),
            ));
        }
        if size.published_bytes > RECORD_BYTES_PER_ZONE_MAX {
            return Err(ApiError::refused(
                81045,
                format!(
                    "Record quota exceeded: the records of a zone have at most {RECORD_BYTES_PER_ZONE_MAX} bytes when published."
                ),
            ));
        }
        if size.text_bytes > RECORD_TEXT_BYTES_PER_ZONE_MAX {
            return Err(ApiError::refused(
                81045,
                format!(
                    "Record quota exceeded: the names, contents, comments, tags and settings of the records of a zone have at most {RECORD_TEXT_BYTES_PER_ZONE_MAX} bytes together."
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
