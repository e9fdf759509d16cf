//! What a zone is subscribed to: the one plan that there is, at no price.

mod create;
mod get;
mod update;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get::get, create::create, update::update))
}
