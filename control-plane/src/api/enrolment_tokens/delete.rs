use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Deleted, Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
    },
    db::{audit::Entry, change::Change, enrolment},
};
use axum::extract::State;
use policy::id::EnrolmentTokenId;

/// Deletes an enrolment token. Nodes that joined with it stay.
#[utoipa::path(delete, path = "/orangery/enrolment_tokens/{token_id}", tag = "nodes",
    responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EnrolmentTokenId>,
) -> Result<Reply<Deleted>> {
    caller.may_operate(Permission::NodesWrite)?;
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    if !enrolment::delete_token(change.conn(), id).await? {
        return Err(ApiError::not_found(1001, "There is no enrolment token with this identifier."));
    }
    change.audit(Entry::elsewhere("enrolment_token.delete", "enrolment_token", id, None));
    change.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }))
}
