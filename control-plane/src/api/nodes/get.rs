use super::{unknown, view::NodeView};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
    },
    db::{change, nodes},
};
use axum::extract::State;
use policy::id::NodeId;

/// One node.
#[utoipa::path(get, path = "/orangery/nodes/{node_id}", tag = "nodes",
    responses((status = 200, body = Envelope<NodeView>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<NodeId>,
) -> Result<Reply<NodeView>> {
    caller.may_operate(Permission::NodesRead)?;
    let mut conn = app.conn().await?;
    let newest = change::current(&mut conn).await?;
    let node = nodes::find(&mut conn, id, caller.actor.at).await?.ok_or_else(unknown)?;
    Ok(Reply::new(NodeView::new(node, newest)))
}
