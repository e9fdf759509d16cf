use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
    },
    db::callers,
};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct User {
    id: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    two_factor_authentication_enabled: bool,
    suspended: bool,
    organizations: Vec<String>,
    betas: Vec<String>,
}

/// The person who is calling.
#[utoipa::path(get, path = "/user", tag = "user", responses((status = 200, body = Envelope<User>)))]
pub(super) async fn get(State(app): State<App>, caller: Caller) -> Result<Reply<User>> {
    let id = caller.user.ok_or(ApiError::Unauthorized)?;
    let user = callers::user(&mut *app.conn().await?, id).await?.ok_or(ApiError::Unauthorized)?;
    Ok(Reply::new(User {
        id: user.id.to_string(),
        email: user.email,
        first_name: user.first_name,
        last_name: user.last_name,
        two_factor_authentication_enabled: user.two_factor_authentication_enabled,
        suspended: user.suspended,
        organizations: Vec::new(),
        betas: Vec::new(),
    }))
}
