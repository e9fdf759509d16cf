//! Verification: how the authority knows that a zone is its owner's. Ours asks for no proof beyond the zone itself.

mod edit;
mod list;

use super::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(edit::edit))
}
