use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope,
    },
    db::{
        record_list::{self, Filter},
        records::RECORDS_PER_ZONE_MAX,
    },
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Serialize;
use utoipa::ToSchema;

/// How many records a zone has, and may have.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordUsage {
    record_quota: i64,
    record_usage: i64,
}

/// How many records a zone has, and may have.
#[utoipa::path(get, path = "/zones/{zone_id}/dns_records/usage", tag = "dns records", responses((status = 200, body = Envelope<RecordUsage>)))]
pub(super) async fn usage(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<RecordUsage>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::DnsRead, id).await?;
    let record_usage = record_list::count(&mut conn, id, &Filter::default()).await?;
    Ok(Reply::new(RecordUsage { record_quota: RECORDS_PER_ZONE_MAX, record_usage }).etag(zone.revision))
}
