//! Universal SSL: whether a zone has a certificate of our own authority.

mod edit;
mod get;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use view::CERTIFICATE_AUTHORITY;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get::get, edit::edit))
}
