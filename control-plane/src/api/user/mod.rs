//! The caller: who they are, and whether their token is good.

mod get;
mod verify;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use verify::{Verified, verified};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get::get)).routes(routes!(verify::verify))
}
