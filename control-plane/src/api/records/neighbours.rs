//! Which records of one name may stand together, and what a new one takes over from the others.

use crate::{
    api::error::{ApiError, Result},
    db::records::{Record, RecordKind},
};
use policy::{hostname::Hostname, origin::OriginSettings};
use std::collections::BTreeMap;

/// Judges all records of a name as they are after a change. `written` are the types that the change wrote there; they decide
/// which of two codes is the answer where two types exclude each other.
pub(super) fn judge(records: &[Record], written: &[RecordKind], zone: &Hostname) -> Result<()> {
    let cnames = records.iter().filter(|record| record.kind == RecordKind::Cname).count();
    if cnames > 0 && records.iter().any(is_address) {
        return Err(if written.contains(&RecordKind::Cname) {
            ApiError::refused(81053, "An A, AAAA, or CNAME record with that host already exists.")
        } else {
            ApiError::refused(81054, "A CNAME record with that host already exists.")
        });
    }
    judge_delegation(records, written, zone)?;
    let mut origins = records.iter().filter(|record| is_gated(record)).map(origin);
    let Some(first) = origins.next() else { return Ok(()) };
    if origins.all(|origin| origin == first) {
        return Ok(());
    }
    let name = records.first().map(|record| record.name.to_string()).unwrap_or_default();
    let message = format!(
        "DNS Validation Error: all proxied A and AAAA records of {name} must have the same `origin`; change them in one batch."
    );
    Err(ApiError::invalid("/origin", message))
}

/// A name that is delegated has nothing of its own but the keys of whom it is delegated to (RFC 1034, 4.2.1; RFC 4035, 2.4).
fn judge_delegation(records: &[Record], written: &[RecordKind], zone: &Hostname) -> Result<()> {
    let is_delegated = records.iter().any(|record| record.kind == RecordKind::Ns && record.name != *zone);
    if !is_delegated || records.iter().all(|record| matches!(record.kind, RecordKind::Ns | RecordKind::Ds)) {
        return Ok(());
    }
    Err(if written.contains(&RecordKind::Ns) {
        ApiError::refused(81055, "Non-NS records with that host already exist.")
    } else {
        ApiError::refused(81056, "NS records with that host already exist.")
    })
}

/// Whether a record comes to stand among the proxied addresses of a name, which have to agree on their `origin`.
pub(super) fn joins(before: Option<&Record>, after: &Record) -> bool {
    is_gated(after) && before.is_none_or(|before| !is_gated(before) || before.name != after.name)
}

/// What the proxied addresses among some records say about their origin, by name. Later ones count.
pub(super) fn origins<'a>(
    records: impl IntoIterator<Item = &'a Record>,
) -> BTreeMap<Hostname, Option<OriginSettings>> {
    let gated = records.into_iter().filter(|record| is_gated(record));
    gated.map(|record| (record.name.clone(), record.origin.clone())).collect()
}

fn is_address(record: &Record) -> bool {
    matches!(record.kind, RecordKind::A | RecordKind::Aaaa)
}

/// Whether it is one of the addresses that the edge stands before.
fn is_gated(record: &Record) -> bool {
    is_address(record) && record.proxied
}

fn origin(record: &Record) -> OriginSettings {
    record.origin.clone().unwrap_or_default()
}
