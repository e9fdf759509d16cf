use super::zone_file;
use crate::{
    api::{
        App,
        caller::Caller,
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
        scope, zones,
    },
    db::{
        record_list::{self, Filter, Order},
        records::{self, RECORD_TEXT_BYTES_PER_ZONE_MAX, RECORDS_PER_ZONE_MAX},
    },
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use policy::id::ZoneId;

/// More than this cannot be imported again.
const FILE_BYTES_MAX: usize = super::upload::FILE_BYTES_MAX;

/// The records of a zone as a zone file (RFC 1035, 5.1).
///
/// Comments, tags, the orange cloud and `origin` stand in comments after the records, so that an import brings all of it back.
#[utoipa::path(get, path = "/zones/{zone_id}/dns_records/export", tag = "dns records",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn export(State(app): State<App>, caller: Caller, Id(id): Id<ZoneId>) -> Result<Response> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::DnsRead, id).await?;
    // Zones from before this limit can have more, and all of it is held here at once.
    if records::measure(&mut conn, id).await?.text_bytes > RECORD_TEXT_BYTES_PER_ZONE_MAX {
        return Err(too_large());
    }
    let filter = Filter { order: Order::Type, ..Filter::default() };
    let records = record_list::page(&mut conn, id, &filter, None, 0, RECORDS_PER_ZONE_MAX).await?;
    drop(conn);
    let name_servers = zones::name_servers(&zone);
    let at = app.clock.now();
    let print = move || zone_file::print(&zone, &name_servers, &records, at);
    let file = tokio::task::spawn_blocking(print).await.map_err(ApiError::internal)?;
    if file.len() > FILE_BYTES_MAX {
        return Err(too_large());
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], file).into_response())
}

fn too_large() -> ApiError {
    let message = format!(
        "The records of this zone are more than {FILE_BYTES_MAX} bytes as a file; list them page by page"
    );
    ApiError::invalid("", message)
}
