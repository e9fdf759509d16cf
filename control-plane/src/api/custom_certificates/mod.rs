//! Certificates that a zone's owner uploads; they take precedence over the one that every zone has from us.

mod choices;
mod create;
mod delete;
mod edit;
mod get;
mod list;
mod prioritize;
mod refusal;
mod view;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) use view::{Status, ZoneCertificate};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(prioritize::prioritize))
        .routes(routes!(get::get, edit::edit, delete::delete))
}
