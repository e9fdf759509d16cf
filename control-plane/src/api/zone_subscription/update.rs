use super::view::{Subscription, SubscriptionEdit, subscribe};
use crate::api::{
    App,
    body::Body,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Id,
};
use axum::extract::State;
use policy::id::ZoneId;

/// Changes a zone's plan. Accepted without effect: there is one plan, and every zone has it.
#[utoipa::path(put, path = "/zones/{zone_id}/subscription", tag = "zones", request_body = SubscriptionEdit,
    responses((status = 200, body = Envelope<Subscription>)), extensions(("x-orangery-effect" = json!("none"))))]
pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    Body(body): Body<SubscriptionEdit>,
) -> Result<Reply<Subscription>> {
    subscribe(&app, &caller, id, &body).await
}
