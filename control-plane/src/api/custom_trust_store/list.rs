use super::view::TrustedRoot;
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
    db::trust_store,
};
use axum::extract::State;
use policy::id::ZoneId;

/// What a zone trusts at its origins, the oldest first.
#[utoipa::path(get, path = "/zones/{zone_id}/acm/custom_trust_store", tag = "certificates",
    params(("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 50")),
    responses((status = 200, body = Envelope<Vec<TrustedRoot>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    query: Query,
) -> Result<Reply<Vec<TrustedRoot>>> {
    let page = Page::read(&query, 20, 50)?;
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::SslRead, id).await?;
    let (roots, info) = page.cut(trust_store::list(&mut conn, id).await?);
    let views = roots.into_iter().map(|root| TrustedRoot::new(root, caller.actor.at)).collect();
    Ok(Reply::page(views, info).etag(zone.revision))
}
