use super::{
    existing,
    view::{Record, view},
};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Ids,
        permission::Permission,
        scope,
    },
    db::records,
};
use axum::extract::State;
use policy::id::{RecordId, ZoneId};

/// One record.
#[utoipa::path(get, path = "/zones/{zone_id}/dns_records/{record_id}", tag = "dns records", responses((status = 200, body = Envelope<Record>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, id): Ids<ZoneId, RecordId>,
) -> Result<Reply<Record>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::DnsRead, zone).await?;
    let record = existing(records::find(&mut conn, zone.id, id).await?)?;
    Ok(Reply::new(view(record, zone.edge.ssl())).etag(zone.revision))
}
