use crate::{
    api::{
        App,
        accounts::Account,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        page::Page,
        query::Query,
    },
    db::accounts,
};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A person's part in an account.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Membership {
    id: String,
    status: String,
    account: Account,
    roles: Vec<String>,
}

/// The accounts that the person calling belongs to, and as what.
#[utoipa::path(get, path = "/memberships", tag = "accounts",
    params(("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query)),
    responses((status = 200, body = Envelope<Vec<Membership>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Reply<Vec<Membership>>> {
    let page = Page::read(&query, 20, 50)?;
    let user = caller.user.ok_or(ApiError::Unauthorized)?;
    let (memberships, info) = page.cut(accounts::memberships(&mut *app.conn().await?, user).await?);
    let view = |membership: accounts::Membership| Membership {
        id: membership.id,
        status: membership.status,
        account: membership.account.into(),
        roles: vec![membership.role],
    };
    Ok(Reply::page(memberships.into_iter().map(view).collect(), info))
}
