//! Origin CA: certificates for origins, signed from a request, trusted by nodes in every zone.

mod create;
mod get;
mod list;
mod revoke;
mod view;

use super::{App, error::ApiError};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(get::get, revoke::revoke))
}

fn unknown() -> ApiError {
    ApiError::not_found(1002, "Invalid certificate: there is none with this identifier.")
}
