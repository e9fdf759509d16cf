use super::protocols;
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Ids,
        scope::IfMatch,
        settings,
    },
    settings::Setting,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct FlagChange {
    feature: String,
    value: bool,
}

/// Switches a feature of a product: `gRPC` of `protocols`.
#[utoipa::path(post, path = "/zones/{zone_id}/flags/products/{product}/changes", tag = "settings", request_body = FlagChange,
    responses((status = 200, body = Envelope<BTreeMap<String, bool>>)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    Ids(zone, product): Ids<ZoneId, String>,
    if_match: IfMatch,
    Body(body): Body<FlagChange>,
) -> Result<Reply<BTreeMap<&'static str, bool>>> {
    if product != "protocols" || !body.feature.eq_ignore_ascii_case("grpc") {
        return Err(ApiError::refused(1006, "Unrecognized zone setting name"));
    }
    let wanted = vec![Setting::grpc(body.value)];
    let (stored, committed) = settings::change(&app, &caller, zone, &if_match, wanted).await?;
    Ok(Reply::new(protocols(stored.settings.edge.grpc())).etag(committed.zone).committed(committed.newest))
}
