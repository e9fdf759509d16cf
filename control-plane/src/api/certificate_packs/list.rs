use super::view::CertificatePack;
use crate::{
    api::{
        App,
        caller::Caller,
        custom_certificates::Status,
        envelope::{Envelope, Reply},
        error::Result,
        page::Page,
        path::Id,
        permission::Permission,
        query::Query,
        scope,
    },
    db::certificates,
};
use axum::extract::State;
use policy::id::ZoneId;

/// The certificates that a zone has, in the order in which nodes prefer them.
#[utoipa::path(get, path = "/zones/{zone_id}/ssl/certificate_packs", tag = "certificates",
    params(
        ("status" = Option<String>, Query, description = "`all` adds those that have expired"),
        ("deploy" = Option<String>, Query, description = "`production`, or `staging`, where there are none"),
        ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 50"),
    ),
    responses((status = 200, body = Envelope<Vec<CertificatePack>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    query: Query,
) -> Result<Reply<Vec<CertificatePack>>> {
    let page = Page::read(&query, 20, 50)?;
    let with_expired = query.choice("status", &[("all", true)], false)?;
    let in_production = query.choice("deploy", &[("production", true), ("staging", false)], true)?;
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let held = certificates::list(&mut conn, id).await?;
    let packs = held.iter().map(|certificate| CertificatePack::new(certificate, caller.actor.at));
    let wanted = packs.filter(|pack| in_production && (with_expired || pack.status == Status::Active));
    let (shown, info) = page.cut(wanted.collect());
    Ok(Reply::page(shown, info).etag(zone.revision))
}
