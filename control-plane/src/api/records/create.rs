use super::{
    draft::RecordBody,
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
    path::Id,
    permission::Permission,
    scope::{self, IfMatch},
};
use axum::extract::State;
use policy::id::ZoneId;

/// Adds a record to a zone.
#[utoipa::path(post, path = "/zones/{zone_id}/dns_records", tag = "dns records", request_body = RecordBody,
    responses((status = 200, body = Envelope<Record>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Id(zone): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<RecordBody>,
) -> Result<Reply<Record>> {
    let mut writing =
        Writing::new(scope::change(&app, &caller, Permission::DnsWrite, zone, &if_match).await?);
    let mode = writing.zone().edge.ssl();
    let created = writing.create(vec![body]).await?;
    let committed = writing.commit().await?;
    let record = existing(created.into_iter().next())?;
    Ok(Reply::new(view(record, mode)).etag(committed.zone).committed(committed.newest))
}
