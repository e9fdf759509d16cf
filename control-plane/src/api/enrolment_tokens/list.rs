use super::view::EnrolmentTokenView;
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
    db::enrolment,
};
use axum::extract::State;

/// Enrolment tokens, the newest first, without their texts.
#[utoipa::path(get, path = "/orangery/enrolment_tokens", tag = "nodes",
    params(("page" = Option<i64>, Query), ("per_page" = Option<i64>, Query, description = "at most 100")),
    responses((status = 200, body = Envelope<Vec<EnrolmentTokenView>>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Reply<Vec<EnrolmentTokenView>>> {
    caller.may_operate(Permission::NodesRead)?;
    let page = Page::read(&query, 20, 100)?;
    let mut conn = app.conn().await?;
    let (tokens, total) = enrolment::list_tokens(&mut conn, page.limit(), page.offset()).await?;
    let info = page.info(tokens.len(), total);
    Ok(Reply::page(tokens.into_iter().map(|token| EnrolmentTokenView::new(token, None)).collect(), info))
}
