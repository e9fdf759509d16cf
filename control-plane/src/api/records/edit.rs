use super::{
    draft::{How, RecordBody},
    existing,
    view::{Record, view},
    write::Writing,
};
use crate::api::{
    App,
    body::Body,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Ids,
    permission::Permission,
    scope::{self, IfMatch},
};
use axum::extract::State;
use policy::id::{RecordId, ZoneId};

/// Alters a record: what is absent stays.
#[utoipa::path(patch, path = "/zones/{zone_id}/dns_records/{record_id}", tag = "dns records", request_body = RecordBody,
    responses((status = 200, body = Envelope<Record>)))]
pub(super) async fn edit(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, RecordId>,
    if_match: IfMatch,
    Body(body): Body<RecordBody>,
) -> Result<Reply<Record>> {
    let mut writing =
        Writing::new(scope::change(&app, &caller, Permission::DnsWrite, zone, &if_match).await?);
    let mode = writing.zone().edge.ssl();
    let altered = writing.alter(vec![(id, body)], How::Merge).await?;
    let committed = writing.commit().await?;
    let record = existing(altered.into_iter().next())?;
    Ok(Reply::new(view(record, mode)).etag(committed.zone).committed(committed.newest))
}
