use super::view::OriginCertificate;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        page::Page,
        permission::Permission,
        query::Query,
        scope,
    },
    db::origin_ca,
};
use axum::extract::State;
use policy::id::ZoneId;

/// The Origin CA certificates for names in a zone, the newest first, without revoked ones.
#[utoipa::path(get, path = "/certificates", tag = "origin ca",
    params(
        ("zone_id" = String, Query),
        ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 50"),
    ),
    responses((status = 200, body = Envelope<Vec<OriginCertificate>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Reply<Vec<OriginCertificate>>> {
    let page = Page::read(&query, 20, 50)?;
    let id: Option<ZoneId> = query.text("zone_id").and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| {
        ApiError::invalid("zone_id", "Invalid query: `zone_id` must be the identifier of a zone")
    })?;
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let (certificates, mut total) =
        origin_ca::list(&mut conn, zone.account, &zone.name, page.limit(), page.offset()).await?;
    if certificates.is_empty() && page.offset() > 0 {
        total = origin_ca::list(&mut conn, zone.account, &zone.name, 1, 0).await?.1;
    }
    let info = page.info(certificates.len(), total);
    Ok(Reply::page(certificates.into_iter().map(OriginCertificate::from).collect(), info))
}
