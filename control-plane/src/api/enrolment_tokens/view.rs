use crate::db::enrolment::EnrolmentToken;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// An enrolment token as callers see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnrolmentTokenView {
    id: String,
    name: String,
    /// How many nodes it admits in all.
    uses: i32,
    /// How many it has admitted.
    used: i32,
    #[schema(value_type = String, format = DateTime)]
    created_on: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_on: Timestamp,
    /// The text for the node, only in the answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl EnrolmentTokenView {
    pub(super) fn new(token: EnrolmentToken, value: Option<String>) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            uses: token.uses_max,
            used: token.uses,
            created_on: token.created_on,
            expires_on: token.expires_on,
            value,
        }
    }
}
