use crate::api::{
    App,
    caller::Caller,
    envelope::Reply,
    error::{ApiError, Result},
    permission::Permission,
    scope,
    zones::PLAN,
};
use policy::id::ZoneId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscription {
    /// The zone's.
    id: String,
    /// Always 0.
    price: u32,
    currency: &'static str,
    frequency: &'static str,
    state: &'static str,
    /// Always null: nothing is billed.
    current_period_start: Option<String>,
    current_period_end: Option<String>,
    rate_plan: RatePlan,
}

#[derive(Debug, Serialize, ToSchema)]
struct RatePlan {
    id: &'static str,
    public_name: &'static str,
    currency: &'static str,
    scope: &'static str,
    sets: [&'static str; 0],
    is_contract: bool,
    externally_managed: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SubscriptionEdit {
    /// Only `{"id": "enterprise"}`, which every zone has.
    rate_plan: Option<RatePlanRef>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct RatePlanRef {
    id: Option<String>,
}

impl Subscription {
    pub(super) fn of(zone: ZoneId) -> Self {
        let rate_plan = RatePlan {
            id: PLAN.legacy_id,
            public_name: PLAN.name,
            currency: PLAN.currency,
            scope: "zone",
            sets: [],
            is_contract: false,
            externally_managed: false,
        };
        Self {
            id: zone.to_string(),
            price: 0,
            currency: PLAN.currency,
            frequency: "not-applicable",
            state: "Provisioned",
            current_period_start: None,
            current_period_end: None,
            rate_plan,
        }
    }
}

/// Grants what every zone has, which changes nothing, and refuses any other plan.
pub(super) async fn subscribe(
    app: &App,
    caller: &Caller,
    zone: ZoneId,
    wanted: &SubscriptionEdit,
) -> Result<Reply<Subscription>> {
    scope::zone(&mut *app.conn().await?, caller, Permission::ZoneWrite, zone).await?;
    let plan = wanted.rate_plan.as_ref().and_then(|plan| plan.id.as_deref()).unwrap_or(PLAN.legacy_id);
    if plan != PLAN.legacy_id {
        let message = format!("Invalid value for `rate_plan.id`: the only plan is {}", PLAN.legacy_id);
        return Err(ApiError::invalid("/rate_plan/id", message));
    }
    Ok(Reply::new(Subscription::of(zone)))
}
