//! Certificate packs: each certificate of a zone once more, in the form in which the v4 API groups certificates. A view, for a
//! pack here is one certificate, which is changed where it comes from.

mod delete;
mod edit;
mod get;
mod list;
mod order;
mod pack_id;
mod quota;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use pack_id::{PackId, find};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(quota::get))
        .routes(routes!(order::order))
        .routes(routes!(get::get, edit::edit, delete::delete))
}
