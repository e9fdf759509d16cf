use crate::api::{
    App,
    body::Body,
    caller::Caller,
    envelope::{Deleted as Purged, Envelope, Reply},
    error::{ApiError, Result},
    path::Id,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// At least one of these.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Purge {
    #[schema(value_type = Option<bool>)]
    purge_everything: Option<Value>,
    #[schema(value_type = Option<Vec<Object>>)]
    files: Option<Value>,
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Value>,
    #[schema(value_type = Option<Vec<String>>)]
    hosts: Option<Value>,
    #[schema(value_type = Option<Vec<String>>)]
    prefixes: Option<Value>,
}

/// Forgets what is cached. Accepted without effect: nodes cache nothing, so there is nothing old to be served.
#[utoipa::path(post, path = "/zones/{zone_id}/purge_cache", tag = "zones", request_body = Purge,
    responses((status = 200, body = Envelope<Purged>)), extensions(("x-orangery-effect" = json!("none"))))]
pub(super) async fn purge(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    Body(body): Body<Purge>,
) -> Result<Reply<Purged>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::ZoneWrite, id).await?;
    let Purge { purge_everything, files, tags, hosts, prefixes } = body;
    if [purge_everything, files, tags, hosts, prefixes].iter().all(Option::is_none) {
        let message = "Invalid request: say what to purge: purge_everything, files, tags, hosts or prefixes";
        return Err(ApiError::invalid("", message));
    }
    Ok(Reply::new(Purged { id: id.to_string() }))
}
