use super::write::Writing;
use crate::api::{
    App,
    caller::Caller,
    envelope::{Deleted, Envelope, Reply},
    error::Result,
    path::Ids,
    permission::Permission,
    scope::{self, IfMatch},
};
use axum::extract::State;
use policy::id::{RecordId, ZoneId};

/// Deletes a record.
#[utoipa::path(delete, path = "/zones/{zone_id}/dns_records/{record_id}", tag = "dns records", responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, RecordId>,
    if_match: IfMatch,
) -> Result<Reply<Deleted>> {
    let mut writing =
        Writing::new(scope::change(&app, &caller, Permission::DnsWrite, zone, &if_match).await?);
    writing.delete(&[id]).await?;
    let committed = writing.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }).committed(committed.newest))
}
