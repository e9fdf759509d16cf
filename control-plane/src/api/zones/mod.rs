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
use crate::db::zones::Zone;
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

/// The names of the servers that are said to serve a zone.
pub(super) fn name_servers(zone: &Zone) -> Vec<String> {
    if zone.vanity_name_servers.is_empty() {
        view::NAME_SERVERS.map(str::to_owned).to_vec()
    } else {
        zone.vanity_name_servers.clone()
    }
}
