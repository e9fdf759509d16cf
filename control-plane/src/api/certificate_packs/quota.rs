use crate::api::{
    App,
    caller::Caller,
    envelope::{Envelope, Reply},
    error::Result,
    path::Id,
    permission::Permission,
    scope,
};
use axum::extract::State;
use policy::id::ZoneId;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PackQuota {
    advanced: AdvancedQuota,
}

/// Packs that can be ordered and those that were: none.
#[derive(Debug, Serialize, ToSchema)]
struct AdvancedQuota {
    allocated: u32,
    used: u32,
}

/// How many packs can be ordered: none, since certificates of other authorities are uploaded.
#[utoipa::path(get, path = "/zones/{zone_id}/ssl/certificate_packs/quota", tag = "certificates",
    responses((status = 200, body = Envelope<PackQuota>)))]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
) -> Result<Reply<PackQuota>> {
    scope::zone(&mut *app.conn().await?, &caller, Permission::SslRead, id).await?;
    Ok(Reply::new(PackQuota { advanced: AdvancedQuota { allocated: 0, used: 0 } }))
}
