use super::view::Zone;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        page::Page,
        query::{Query, ascii_name},
    },
    db::zones::{self, Filter, NameFilter, NameMatch, Order},
};
use axum::extract::State;

/// The zones of the caller's accounts.
#[utoipa::path(get, path = "/zones", tag = "zones",
    params(
        ("name" = Option<String>, Query, description = "exact, or after one of `contains:`, `starts_with:`, `ends_with:`, `equal:`, `not_equal:`"),
        ("account.id" = Option<String>, Query), ("account.name" = Option<String>, Query), ("status" = Option<String>, Query),
        ("type" = Option<Vec<String>>, Query), ("match" = Option<String>, Query, description = "`all` or `any`"),
        ("order" = Option<String>, Query, description = "`name`, `status`, `account.id`, `account.name` or `plan.id`"),
        ("direction" = Option<String>, Query, description = "`asc` or `desc`"),
        ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 50"),
    ),
    responses((status = 200, body = Envelope<Vec<Zone>>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller, query: Query) -> Result<Reply<Vec<Zone>>> {
    let page = Page::read(&query, 20, 50)?;
    let filter = filter(&query)?;
    let mut conn = app.conn().await?;
    let (zones, mut total) =
        zones::list(&mut conn, &caller.accounts, &filter, page.limit(), page.offset()).await?;
    if zones.is_empty() && page.offset() > 0 {
        total = zones::list(&mut conn, &caller.accounts, &filter, 1, 0).await?.1;
    }
    let info = page.info(zones.len(), total);
    Ok(Reply::page(zones.into_iter().map(Zone::from).collect(), info))
}

fn filter(query: &Query) -> Result<Filter> {
    let orders = [
        ("name", Order::Name),
        ("status", Order::Status),
        ("account.id", Order::AccountId),
        ("account.name", Order::AccountName),
        // All zones have the same plan.
        ("plan.id", Order::Name),
    ];
    Ok(Filter {
        name: query.lower("name").map(|text| name_filter(&text)),
        account: query.text("account.id").map(str::to_owned),
        account_name: query.text("account.name").map(str::to_owned),
        status: query.all("status"),
        kind: query.all("type"),
        any: query.choice("match", &[("all", false), ("any", true)], false)?,
        order: query.choice("order", &orders, Order::default())?,
        descending: query.choice("direction", &[("asc", false), ("desc", true)], false)?,
    })
}

fn name_filter(text: &str) -> NameFilter {
    let prefixes = [
        ("contains:", NameMatch::Contains),
        ("starts_with:", NameMatch::StartsWith),
        ("ends_with:", NameMatch::EndsWith),
        ("equal:", NameMatch::Equal),
        ("not_equal:", NameMatch::NotEqual),
    ];
    let operator = prefixes.into_iter().find_map(|(prefix, how)| Some((how, text.strip_prefix(prefix)?)));
    let (how, text) = operator.unwrap_or((NameMatch::Equal, text));
    NameFilter { how, text: ascii_name(text.strip_suffix('.').unwrap_or(text)) }
}
