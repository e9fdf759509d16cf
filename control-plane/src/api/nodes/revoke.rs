use super::unknown;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Deleted, Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
    },
    db::{
        audit::Entry,
        change::Change,
        fleet::{self, RotateError},
        link::LinkKeyError,
        nodes,
    },
};
use axum::extract::State;
use policy::id::NodeId;
use serde_json::json;

/// Revokes a node: its stream ends, it gets nothing more, and the keys it knew open nothing that is published from now on.
#[utoipa::path(delete, path = "/orangery/nodes/{node_id}", tag = "nodes",
    responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<NodeId>,
) -> Result<Reply<Deleted>> {
    caller.may_operate(Permission::NodesWrite)?;
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    let node = nodes::find(change.conn(), id, caller.actor.at).await?.ok_or_else(unknown)?;
    if !nodes::revoke(change.conn(), id, caller.actor.at).await? {
        return Ok(Reply::new(Deleted { id: id.to_string() }));
    }
    match fleet::rotate(&mut change, &app.master_key).await {
        // Nothing was ever sealed.
        Ok(_) | Err(RotateError::Link(LinkKeyError::NoFleetKey)) => {}
        Err(RotateError::Database(error) | RotateError::Link(LinkKeyError::Database(error))) => {
            return Err(error.into());
        }
        Err(error) => return Err(ApiError::internal(error)),
    }
    change.audit(Entry::elsewhere("node.revoke", "node", id, None).before(json!({ "name": node.name })));
    let revision = change.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }).committed(revision))
}
