//! Nodes: where configuration has got to, and who is let in. Ours alone, so under `/orangery`.

mod get;
mod list;
mod revoke;
mod update;
mod view;

use super::{App, error::ApiError};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(get::get, update::update, revoke::revoke))
}

fn unknown() -> ApiError {
    ApiError::not_found(1001, "There is no node with this identifier.")
}
