use crate::{
    api::{
        caller::Caller,
        envelope::{Envelope, Message, Reply},
        error::{ApiError, Result},
    },
    db::callers::{Owner, Token},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Scripts search for this sentence.
const VALID: Message = Message { code: 10000, message: "This API Token is valid and active", r#type: () };

/// What a token learns about itself.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Verified {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    expires_on: Option<Timestamp>,
}

/// Whether the token in use, one of a person, is valid. It needs no permission.
#[utoipa::path(get, path = "/user/tokens/verify", tag = "user", responses((status = 200, body = Envelope<Verified>)))]
pub(super) async fn verify(caller: Result<Caller>) -> Result<Reply<Verified>> {
    verified(caller, |owner| matches!(owner, Owner::User(_)))
}

/// Answers for a token whose owner is the expected one.
pub(in crate::api) fn verified(
    caller: Result<Caller>,
    expected: impl Fn(Owner) -> bool,
) -> Result<Reply<Verified>> {
    let caller = caller.map_err(|error| match error {
        ApiError::InvalidAccessToken => ApiError::InvalidApiToken,
        error => error,
    })?;
    let token: Token = caller.token.filter(|token| expected(token.owner)).ok_or(ApiError::InvalidApiToken)?;
    let result = Verified {
        id: token.id.to_string(),
        status: "active",
        not_before: token.not_before,
        expires_on: token.expires_on,
    };
    Ok(Reply::new(result).message(VALID))
}
