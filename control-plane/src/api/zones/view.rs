//! A zone as callers see it, with every key that clients know.

use super::plan::{PLAN, Plan};
use crate::db::{
    self,
    zones::{ZoneKind, ZoneStatus},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A domain and what its owner chose for all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct Zone {
    id: String,
    name: String,
    #[schema(value_type = String)]
    status: ZoneStatus,
    /// The whole zone is DNS only.
    paused: bool,
    #[schema(value_type = String)]
    r#type: ZoneKind,
    development_mode: u32,
    name_servers: [&'static str; 2],
    original_name_servers: Option<Vec<String>>,
    original_registrar: Option<String>,
    original_dnshost: Option<String>,
    #[schema(value_type = String)]
    modified_on: Timestamp,
    #[schema(value_type = String)]
    created_on: Timestamp,
    #[schema(value_type = Option<String>)]
    activated_on: Option<Timestamp>,
    vanity_name_servers: Vec<String>,
    vanity_name_servers_ips: Option<Vec<String>>,
    meta: ZoneMeta,
    owner: ZoneOwner,
    account: Named,
    tenant: Named,
    tenant_unit: TenantUnit,
    permissions: [&'static str; 6],
    plan: Plan,
    verification_key: Option<String>,
    cname_suffix: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZoneMeta {
    step: u32,
    custom_certificate_quota: u32,
    page_rule_quota: u32,
    phishing_detected: bool,
    cdn_only: bool,
    dns_only: bool,
    foundation_dns: bool,
    wildcard_proxiable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZoneOwner {
    id: Option<String>,
    r#type: &'static str,
    email: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Named {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TenantUnit {
    id: Option<String>,
}

/// Clients expect two. Orangery serves no DNS itself, so these lead nowhere (RFC 6761, 6.4).
pub(super) const NAME_SERVERS: [&str; 2] = ["ns1.orangery.invalid", "ns2.orangery.invalid"];

const META: ZoneMeta = ZoneMeta {
    step: 2,
    custom_certificate_quota: 100,
    page_rule_quota: 0,
    phishing_detected: false,
    cdn_only: false,
    dns_only: false,
    foundation_dns: false,
    wildcard_proxiable: true,
};

const PERMISSIONS: [&str; 6] = [
    "#zone:read",
    "#zone:edit",
    "#zone_settings:read",
    "#zone_settings:edit",
    "#dns_records:read",
    "#dns_records:edit",
];

impl From<db::zones::Zone> for Zone {
    fn from(zone: db::zones::Zone) -> Self {
        Self {
            id: zone.id.to_string(),
            name: zone.name.to_string(),
            status: zone.status,
            paused: zone.paused,
            r#type: zone.kind,
            development_mode: 0,
            name_servers: NAME_SERVERS,
            original_name_servers: None,
            original_registrar: None,
            original_dnshost: None,
            modified_on: zone.modified_on,
            created_on: zone.created_on,
            activated_on: zone.activated_on,
            vanity_name_servers: zone.vanity_name_servers,
            vanity_name_servers_ips: None,
            meta: META,
            owner: ZoneOwner { id: None, r#type: "user", email: None },
            account: Named { id: Some(zone.account.to_string()), name: Some(zone.account_name) },
            tenant: Named { id: None, name: None },
            tenant_unit: TenantUnit { id: None },
            permissions: PERMISSIONS,
            plan: PLAN,
            verification_key: None,
            cname_suffix: None,
        }
    }
}

/// What the audit log keeps of a zone.
pub(super) fn audited(zone: &db::zones::Zone) -> serde_json::Value {
    serde_json::json!({
        "name": zone.name.as_str(),
        "type": zone.kind,
        "paused": zone.paused,
        "vanity_name_servers": zone.vanity_name_servers,
    })
}
