//! What a request may be before anybody reads it, and how long its answer may take.

use super::{App, error::ApiError};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::time::Duration;

/// Path and query: several times what the longest filter needs.
const URI_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 100;
/// Names and values of all headers together.
const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a body to arrive.
    pub body: Duration,
    /// From the end of the headers to the beginning of the answer; waiting for nodes comes on top of it.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { body: Duration::from_secs(30), request: Duration::from_secs(60) }
    }
}

/// Refuses what is too large. The listener has limits too, beyond which there is no answer in the envelope.
pub(super) async fn size(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().len() + uri.query().map_or(0, str::len) > URI_BYTES_MAX {
        return ApiError::UriTooLong(URI_BYTES_MAX).into_response();
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
        return ApiError::HeadersTooLarge { headers: HEADERS_MAX, bytes: HEADERS_BYTES_MAX }.into_response();
    }
    next.run(request).await
}

/// Gives up what takes too long: a transaction that is dropped before its commit never happened.
pub(super) async fn time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.timeouts.request;
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| ApiError::TookTooLong(limit).into_response())
}
