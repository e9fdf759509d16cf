//! There is one plan. It is called Enterprise so that clients which look at it forbid nothing.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Plan {
    id: &'static str,
    pub(in crate::api) name: &'static str,
    price: u32,
    pub(in crate::api) currency: &'static str,
    frequency: &'static str,
    is_subscribed: bool,
    can_subscribe: bool,
    pub(in crate::api) legacy_id: &'static str,
    legacy_discount: bool,
    externally_managed: bool,
}

pub(in crate::api) const PLAN: Plan = Plan {
    id: "94f3b7b768b0458b56d2cac4fe5ec0f9",
    name: "Enterprise Website",
    price: 0,
    currency: "USD",
    frequency: "",
    is_subscribed: true,
    can_subscribe: false,
    legacy_id: "enterprise",
    legacy_discount: false,
    externally_managed: false,
};
