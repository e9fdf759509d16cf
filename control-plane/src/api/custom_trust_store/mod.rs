//! Root certificates that a zone trusts at its origins under SSL mode strict, besides the public ones and our Origin CA.

mod create;
mod delete;
mod get;
mod list;
mod view;

use super::{App, error::ApiError};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(get::get, delete::delete))
}

fn unknown() -> ApiError {
    ApiError::not_found(1002, "Invalid certificate: the zone's trust store has none with this identifier.")
}
