//! What records there are already, so that those that are about to be written can be refused in their order.

use super::write::Draft;
use crate::{
    api::error::ApiError,
    db::{
        Constraint, DbError,
        records::{Identity, RecordKind},
    },
};
use policy::{hostname::Hostname, id::RecordId};
use std::collections::HashMap;

/// The records that stand where others want to, and those that were written since. The same rules as the database has.
#[derive(Debug, Default)]
pub(super) struct Taken {
    identities: HashMap<Identity, RecordId>,
    cnames: HashMap<Hostname, RecordId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    Identical,
    SecondCname,
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        DbError::Refused(match conflict {
            Conflict::Identical => Constraint::IdenticalRecord,
            Conflict::SecondCname => Constraint::SecondCname,
        })
        .into()
    }
}

impl Taken {
    pub(super) fn add(&mut self, id: RecordId, identity: Identity) {
        if identity.0 == RecordKind::Cname {
            self.cnames.insert(identity.1.clone(), id);
        }
        self.identities.insert(identity, id);
    }

    /// Gives up the place that a draft had and takes the one that it wants.
    pub(super) fn claim(&mut self, draft: &Draft) -> Result<(), Conflict> {
        let record = &draft.record;
        let identity = (record.kind, record.name.clone(), record.content_hash);
        let is_other = |id: Option<&RecordId>| id.is_some_and(|id| *id != record.id);
        if is_other(self.identities.get(&identity)) {
            return Err(Conflict::Identical);
        }
        if record.kind == RecordKind::Cname && is_other(self.cnames.get(&record.name)) {
            return Err(Conflict::SecondCname);
        }
        if let Some(before) = &draft.before {
            let former = (before.kind, before.name.clone(), before.content_hash);
            self.identities.remove(&former);
            self.cnames.retain(|_, id| *id != before.id);
        }
        self.add(record.id, identity);
        Ok(())
    }
}
