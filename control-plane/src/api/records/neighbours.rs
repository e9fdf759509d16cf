//! Which records of one name may stand together.

use crate::{
    api::error::{ApiError, Result},
    db::records::{Record, RecordKind},
};
use policy::origin::OriginSettings;

/// Judges all records of a name as they are after a change. `written` are the types that the change wrote there; it decides
/// which of two codes a CNAME beside addresses gets.
pub(super) fn judge(records: &[Record], written: &[RecordKind]) -> Result<()> {
    let is_address = |record: &&Record| matches!(record.kind, RecordKind::A | RecordKind::Aaaa);
    let cnames = records.iter().filter(|record| record.kind == RecordKind::Cname).count();
    if cnames > 0 && records.iter().any(|record| is_address(&record)) {
        return Err(if written.contains(&RecordKind::Cname) {
            ApiError::refused(81053, "An A, AAAA, or CNAME record with that host already exists.")
        } else {
            ApiError::refused(81054, "A CNAME record with that host already exists.")
        });
    }
    let mut origins = records.iter().filter(is_address).filter(|record| record.proxied).map(origin);
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

fn origin(record: &Record) -> OriginSettings {
    record.origin.clone().unwrap_or_default()
}
