use super::Account;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        page::Page,
        query::Query,
    },
    db::accounts,
};
use axum::extract::State;

/// The accounts that the caller belongs to.
#[utoipa::path(get, path = "/accounts", tag = "accounts",
    params(("name" = Option<String>, Query), ("direction" = Option<String>, Query), ("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query)),
    responses((status = 200, body = Envelope<Vec<Account>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Reply<Vec<Account>>> {
    let page = Page::read(&query, 20, 50)?;
    let descending = query.choice("direction", &[("asc", false), ("desc", true)], false)?;
    let mut accounts = accounts::list(&mut *app.conn().await?, &caller.accounts, query.text("name")).await?;
    if descending {
        accounts.reverse();
    }
    let (accounts, info) = page.cut(accounts);
    Ok(Reply::page(accounts.into_iter().map(Account::from).collect(), info))
}
