use super::view::NodeView;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::Result,
        page::Page,
        permission::Permission,
        query::Query,
    },
    db::{change, nodes},
};
use axum::extract::State;

/// Every node, by name, revoked ones included.
#[utoipa::path(get, path = "/orangery/nodes", tag = "nodes",
    params(("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 100")),
    responses((status = 200, body = Envelope<Vec<NodeView>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Reply<Vec<NodeView>>> {
    caller.may_operate(Permission::NodesRead)?;
    let page = Page::read(&query, 20, 100)?;
    let mut conn = app.conn().await?;
    let newest = change::current(&mut conn).await?;
    let (nodes, total) = nodes::list(&mut conn, caller.actor.at, page.limit(), page.offset()).await?;
    let info = page.info(nodes.len(), total);
    Ok(Reply::page(nodes.into_iter().map(|node| NodeView::new(node, newest)).collect(), info))
}
