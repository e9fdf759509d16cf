//! Page rules, of which there are none yet: clients that list them find so, and those that make one are told.

mod create;
mod list;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create))
}
