//! Enrolment tokens, by which nodes join. Their text is shown once.

mod create;
mod delete;
mod list;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(delete::delete))
}
