use super::Account;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
    },
    db::accounts,
};
use axum::extract::State;
use policy::id::AccountId;

/// One account.
#[utoipa::path(get, path = "/accounts/{account_id}", tag = "accounts", responses((status = 200, body = Envelope<Account>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Result<Reply<Account>> {
    caller.may_in(Permission::AccountRead, id)?;
    let account =
        accounts::list(&mut *app.conn().await?, &[id], None).await?.pop().ok_or(ApiError::Unauthorized)?;
    Ok(Reply::new(account.into()))
}
