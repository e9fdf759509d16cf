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
    db::record_list::{self, Filter, Order, TagFilter, TagMatch, TextFilter},
};
use axum::extract::State;
use policy::id::ZoneId;

/// The records of a zone.
#[utoipa::path(get, path = "/zones/{zone_id}/dns_records", tag = "dns records",
    params(
        ("name" = Option<String>, Query, description = "also `name.exact`, `.contains`, `.startswith`, `.endswith`"),
        ("content" = Option<String>, Query, description = "as for `name`"),
        ("comment" = Option<String>, Query, description = "as for `name`, and `comment.present`, `comment.absent`"),
        ("tag" = Option<Vec<String>>, Query, description = "`name:value`; also `tag.exact`, `.contains`, `.startswith`, `.endswith`, and `tag.present`, `tag.absent` with a name"),
        ("tag_match" = Option<String>, Query, description = "`all` or `any`"),
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
    let offset = page.offset();
    let known = app.bookmarks.find(&zone, &filter, offset);
    let total = match known.total {
        Some(total) => total,
        None => record_list::count(&mut conn, id, &filter).await?,
    };
    let records = if offset < total {
        let skip = offset - known.position;
        record_list::page(&mut conn, id, &filter, known.place.as_ref(), skip, page.limit()).await?
    } else {
        Vec::new()
    };
    app.bookmarks.keep(&zone, &filter, total, offset, &records);
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
    let tag_match = if query.has("tag_match") { "tag_match" } else { "tag-match" };
    let comment_present =
        query.has("comment.present").then_some(true).or(query.has("comment.absent").then_some(false));
    Ok(Filter {
        name: text_filter("name", |key| query.name(key), |text| text.trim_end_matches('.').to_owned()),
        content: text_filter("content", |key| query.lower(key), str::to_owned),
        comment: text_filter("comment", |key| query.lower(key), str::to_owned),
        comment_present,
        tags: tag_filters(query),
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
fn text_filter(
    key: &str,
    read: impl Fn(&str) -> Option<String>,
    stripped: impl Fn(&str) -> String,
) -> TextFilter {
    let exact = read(key).or_else(|| read(&format!("{key}.exact")));
    TextFilter {
        exact: exact.map(|text| stripped(&text)),
        contains: read(&format!("{key}.contains")),
        starts_with: read(&format!("{key}.startswith")),
        ends_with: read(&format!("{key}.endswith")),
    }
}

fn tag_filters(query: &Query) -> Vec<TagFilter> {
    let keys = [
        ("tag", TagMatch::Exact),
        ("tag.exact", TagMatch::Exact),
        ("tag.contains", TagMatch::Contains),
        ("tag.startswith", TagMatch::StartsWith),
        ("tag.endswith", TagMatch::EndsWith),
        ("tag.present", TagMatch::Present),
        ("tag.absent", TagMatch::Absent),
    ];
    let filters = keys.into_iter().flat_map(|(key, how)| {
        query.all(key).into_iter().map(move |text| TagFilter { how, text: text.to_lowercase() })
    });
    filters.collect()
}
