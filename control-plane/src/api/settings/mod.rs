//! The settings of a zone, one by one and together.

mod change;
mod describe;
mod edit;
mod edit_all;
mod get;
mod list;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use change::change;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, edit_all::edit_all))
        .routes(routes!(get::get, edit::edit))
        .routes(routes!(describe::describe))
}
