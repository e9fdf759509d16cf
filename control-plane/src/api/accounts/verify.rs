use crate::{
    api::{
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        user::{Verified, verified},
    },
    db::callers::Owner,
};
use policy::id::AccountId;

/// Whether the token in use, one of this account, is valid. It needs no permission.
#[utoipa::path(get, path = "/accounts/{account_id}/tokens/verify", tag = "accounts", responses((status = 200, body = Envelope<Verified>)))]
pub(super) async fn verify(caller: Result<Caller>, Id(id): Id<AccountId>) -> Result<Reply<Verified>> {
    verified(caller, |owner| owner == Owner::Account(id))
}
