use super::view::{CustomCertificate, Status};
use crate::{
    api::{
        App,
        caller::Caller,
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

/// The uploaded certificates of a zone, in the order in which they are asked.
#[utoipa::path(get, path = "/zones/{zone_id}/custom_certificates", tag = "certificates",
    params(
        ("status" = Option<String>, Query, description = "`active`, `expired`, or one that none ever has: `deleted`, `pending`, `initializing`"),
        ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 50"),
    ),
    responses((status = 200, body = Envelope<Vec<CustomCertificate>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    query: Query,
) -> Result<Reply<Vec<CustomCertificate>>> {
    let page = Page::read(&query, 20, 50)?;
    let wanted = [
        ("active", Some(Status::Active)),
        ("expired", Some(Status::Expired)),
        ("deleted", None),
        ("pending", None),
        ("initializing", None),
    ];
    let wanted = query.text("status").map(|_| query.choice("status", &wanted, None)).transpose()?;
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let held = certificates::list_custom(&mut conn, id).await?;
    let views = held.iter().map(|certificate| CustomCertificate::new(certificate, caller.actor.at));
    let (shown, info) = page.cut(
        views.filter(|view| wanted.is_none_or(|status| status == Some(view.certificate.status))).collect(),
    );
    Ok(Reply::page(shown, info).etag(zone.revision))
}
