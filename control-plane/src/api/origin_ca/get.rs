use super::{unknown, view::OriginCertificate};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
    },
    db::origin_ca::{self, Serial},
};
use axum::extract::State;

/// One Origin CA certificate, also after its revocation.
#[utoipa::path(get, path = "/certificates/{certificate_id}", tag = "origin ca",
    responses((status = 200, body = Envelope<OriginCertificate>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Serial>,
) -> Result<Reply<OriginCertificate>> {
    let found = origin_ca::find(&mut *app.conn().await?, &caller.accounts, &id).await?.ok_or_else(unknown)?;
    caller.may_in(Permission::SslRead, found.account)?;
    Ok(Reply::new(found.into()))
}
