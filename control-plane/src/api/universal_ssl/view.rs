use serde::Serialize;
use utoipa::ToSchema;

/// The only authority that issues certificates here.
pub(in crate::api) const CERTIFICATE_AUTHORITY: &str = "orangery";

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UniversalSsl {
    enabled: bool,
    /// Always `orangery`.
    certificate_authority: &'static str,
}

impl UniversalSsl {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, certificate_authority: CERTIFICATE_AUTHORITY }
    }
}
