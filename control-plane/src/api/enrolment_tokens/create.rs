use super::view::EnrolmentTokenView;
use crate::{
    api::{
        App,
        body::{Body, Whole},
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        permission::Permission,
    },
    db::{
        audit::Entry,
        change::Change,
        enrolment::{self, CreateTokenError, NewToken},
    },
};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

const NAME_BYTES_MAX: usize = 100;
const USES_MAX: i32 = 1_000_000;
const VALIDITY_DEFAULT: SignedDuration = SignedDuration::from_hours(24);
const VALIDITY_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewEnrolmentToken {
    name: Option<String>,
    /// How many nodes it admits; one if absent.
    #[schema(value_type = Option<i64>)]
    uses: Option<Whole>,
    /// At most a year away; a day if absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_on: Option<Timestamp>,
}

/// Makes an enrolment token. Its text is in the answer, and nowhere else.
#[utoipa::path(post, path = "/orangery/enrolment_tokens", tag = "nodes", request_body = NewEnrolmentToken,
    responses((status = 200, body = Envelope<EnrolmentTokenView>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewEnrolmentToken>,
) -> Result<Reply<EnrolmentTokenView>> {
    caller.may_operate(Permission::NodesWrite)?;
    let new = checked(body, &app.fleet.addresses, caller.actor.at)?;
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    let (token, text) = match enrolment::create_token(change.conn(), &new, caller.actor.at).await {
        Ok(made) => made,
        Err(CreateTokenError::Database(error)) => return Err(error.into()),
        Err(error) => return Err(ApiError::internal(error)),
    };
    let entry = Entry::elsewhere("enrolment_token.create", "enrolment_token", token.id, None);
    change.audit(
        entry.after(json!({ "name": token.name, "uses": token.uses_max, "expires_on": token.expires_on })),
    );
    change.commit().await?;
    Ok(Reply::new(EnrolmentTokenView::new(token, Some(text.to_string()))))
}

fn checked(body: NewEnrolmentToken, addresses: &[String], now: Timestamp) -> Result<NewToken> {
    let name = body.name.unwrap_or_else(|| "nodes".to_owned());
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(invalid("name", &format!("1 to {NAME_BYTES_MAX} bytes without control characters")));
    }
    let uses = i32::try_from(body.uses.map_or(1, |uses| uses.0)).unwrap_or_default();
    if !(1..=USES_MAX).contains(&uses) {
        return Err(invalid("uses", &format!("1 to {USES_MAX}")));
    }
    let expires_on = body.expires_on.unwrap_or(now + VALIDITY_DEFAULT);
    if expires_on <= now || expires_on > now + VALIDITY_MAX {
        return Err(invalid("expires_on", "a time within the next 366 days"));
    }
    Ok(NewToken { name, uses_max: uses, expires_on, addresses: addresses.to_vec() })
}

fn invalid(field: &str, expected: &str) -> ApiError {
    ApiError::invalid(format!("/{field}"), format!("Invalid value for `{field}`: {expected}"))
}
