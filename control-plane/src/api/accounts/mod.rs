//! Accounts, the owners of zones.

mod get;
mod list;
mod verify;

use super::App;
use crate::db;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(get::get)).routes(routes!(verify::verify))
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    id: String,
    name: String,
    r#type: String,
    settings: AccountSettings,
    #[schema(value_type = String)]
    created_on: Timestamp,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountSettings {
    enforce_twofactor: bool,
}

impl From<db::accounts::Account> for Account {
    fn from(account: db::accounts::Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name,
            r#type: account.kind,
            settings: AccountSettings { enforce_twofactor: account.enforce_twofactor },
            created_on: account.created_on,
        }
    }
}
