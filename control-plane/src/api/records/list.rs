use super::view::{Record, view};
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
    db::record_list::{self, Filter, Order, TextFilter},
};
use axum::extract::State;
use policy::id::ZoneId;

/// The records of a zone.
#[utoipa::path(get, path = "/zones/{zone_id}/dns_records", tag = "dns records",
    params(
        ("name" = Option<String>, Query, description = "also `name.exact`, `.contains`, `.startswith`, `.endswith`"),
        ("content" = Option<String>, Query, description = "as for `name`"),
        ("comment" = Option<String>, Query, description = "as for `name`, and `comment.present`, `comment.absent`"),
        ("tag" = Option<Vec<String>>, Query), ("tag_match" = Option<String>, Query, description = "`all` or `any`"),
        ("type" = Option<String>, Query), ("proxied" = Option<bool>, Query), ("search" = Option<String>, Query),
        ("match" = Option<String>, Query, description = "`all` or `any`"),
        ("order" = Option<String>, Query, description = "`type`, `name`, `content`, `ttl` or `proxied`"),
        ("direction" = Option<String>, Query, description = "`asc` or `desc`"),
        ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 5000"),
    ),
    responses((status = 200, body = Envelope<Vec<Record>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    query: Query,
) -> Result<Reply<Vec<Record>>> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::DnsRead, id).await?;
    let page = Page::read(&query, 100, 5000)?;
    let filter = filter(&query)?;
    let (records, mut total) = record_list::list(&mut conn, id, &filter, page.limit(), page.offset()).await?;
    if records.is_empty() && page.offset() > 0 {
        total = record_list::list(&mut conn, id, &filter, 1, 0).await?.1;
    }
    let info = page.info(records.len(), total);
    let records = records.into_iter().map(|record| view(record, zone.edge.ssl())).collect();
    Ok(Reply::page(records, info).etag(zone.revision))
}

fn filter(query: &Query) -> Result<Filter> {
    let modes = [("all", false), ("any", true)];
    let orders = [
        ("type", Order::Type),
        ("name", Order::Name),
        ("content", Order::Content),
        ("ttl", Order::Ttl),
        ("proxied", Order::Proxied),
    ];
    let tags = query.all("tag").into_iter().chain(query.all("tag.exact"));
    let tag_match = if query.has("tag_match") { "tag_match" } else { "tag-match" };
    let comment_present =
        query.has("comment.present").then_some(true).or(query.has("comment.absent").then_some(false));
    Ok(Filter {
        name: text_filter(query, "name", |text| text.trim_end_matches('.').to_owned()),
        content: text_filter(query, "content", |text| text.trim_matches('"').to_owned()),
        comment: text_filter(query, "comment", str::to_owned),
        comment_present,
        tags: tags.map(|tag| tag.to_lowercase()).collect(),
        tags_any: query.choice(tag_match, &modes, false)?,
        kind: query.all("type").into_iter().map(|kind| kind.to_uppercase()).collect(),
        proxied: query.boolean("proxied")?,
        search: query.lower("search"),
        any: query.choice("match", &modes, false)?,
        order: query.choice("order", &orders, Order::default())?,
        descending: query.choice("direction", &[("asc", false), ("desc", true)], false)?,
    })
}

/// Reads `key`, `key.exact`, `key.contains`, `key.startswith` and `key.endswith`; whole values are stripped of what does not
/// count in comparisons.
fn text_filter(query: &Query, key: &str, stripped: impl Fn(&str) -> String) -> TextFilter {
    let exact = query.lower(key).or_else(|| query.lower(&format!("{key}.exact")));
    TextFilter {
        exact: exact.map(|text| stripped(&text)),
        contains: query.lower(&format!("{key}.contains")),
        starts_with: query.lower(&format!("{key}.startswith")),
        ends_with: query.lower(&format!("{key}.endswith")),
    }
}
