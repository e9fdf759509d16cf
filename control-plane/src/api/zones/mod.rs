//! Zones: a domain and its settings.

mod activation_check;
mod available_plans;
mod create;
mod delete;
mod edit;
mod get;
mod list;
mod plan;
mod purge_cache;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use plan::PLAN;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, edit::edit, delete::delete))
        .routes(routes!(activation_check::trigger))
        .routes(routes!(available_plans::list))
        .routes(routes!(purge_cache::purge))
}
