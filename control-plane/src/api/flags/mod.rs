//! Another name for the gRPC toggle, which scripts for dashboards use.

mod change;
mod get;
mod product;

use super::App;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get::get)).routes(routes!(product::product, change::change))
}

/// What is switched on, by product.
#[derive(Debug, Serialize, ToSchema)]
struct Flags {
    protocols: BTreeMap<&'static str, bool>,
    cache: BTreeMap<&'static str, bool>,
}

impl Flags {
    fn new(grpc: bool) -> Self {
        Self { protocols: protocols(grpc), cache: BTreeMap::from([("crawlhints_enabled", false)]) }
    }
}

fn protocols(grpc: bool) -> BTreeMap<&'static str, bool> {
    BTreeMap::from([("gRPC", grpc)])
}
