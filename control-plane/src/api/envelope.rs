//! The one shape of every answer.

use super::page::ResultInfo;
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use policy::revision::Revision;
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that carries a result.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    success: bool,
    errors: Vec<ErrorObject>,
    messages: Vec<Message>,
    result: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_info: Option<ResultInfo>,
}

/// An answer that says what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    success: bool,
    errors: Vec<ErrorObject>,
    messages: Vec<Message>,
    #[schema(value_type = Option<Object>)]
    result: (),
}

impl Failure {
    pub(super) fn new(errors: Vec<ErrorObject>) -> Self {
        Self { success: false, errors, messages: Vec::new(), result: () }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(no_recursion)]
pub(crate) struct ErrorObject {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub(super) error_chain: Vec<Self>,
}

impl ErrorObject {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None, error_chain: Vec::new() }
    }
}

/// Where in the request the mistake is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    pub(super) pointer: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Message {
    pub code: i64,
    pub message: &'static str,
    /// Always null; clients expect the key.
    #[schema(value_type = Option<String>)]
    pub r#type: (),
}

/// The revision that a write published. [`super::applied`] turns it into a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Committed(pub Revision);

/// What a handler returns: the result, and what the headers say about it.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    envelope: Envelope<T>,
    etag: Option<Stamp>,
    committed: Option<Committed>,
}

impl<T> Reply<T> {
    pub(crate) fn new(result: T) -> Self {
        let envelope =
            Envelope { success: true, errors: Vec::new(), messages: Vec::new(), result, result_info: None };
        Self { envelope, etag: None, committed: None }
    }

    pub(crate) fn page(result: T, info: ResultInfo) -> Self {
        let mut reply = Self::new(result);
        reply.envelope.result_info = Some(info);
        reply
    }

    #[must_use]
    pub(crate) fn message(mut self, message: Message) -> Self {
        self.envelope.messages.push(message);
        self
    }

    /// Sends the zone's revision as ETag.
    #[must_use]
    pub(crate) fn etag(mut self, revision: Revision) -> Self {
        self.etag = Some(Stamp::etag(revision));
        self
    }

    /// Says which revision this write published.
    #[must_use]
    pub(crate) fn committed(mut self, revision: Revision) -> Self {
        self.committed = Some(Committed(revision));
        self
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.envelope).into_response();
        if let Some(etag) = self.etag {
            etag.apply(response.headers_mut());
        }
        if let Some(committed) = self.committed {
            response.extensions_mut().insert(committed);
        }
        response
    }
}

/// The ETag of everything in a zone: the revision that last published it.
#[derive(Debug)]
pub(super) struct Stamp(Revision);

impl Stamp {
    pub(super) fn etag(revision: Revision) -> Self {
        Self(revision)
    }

    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", self.0)) {
            headers.insert(header::ETAG, value);
        }
    }
}

/// What a deletion answers, and whatever else only names what it was about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deleted {
    pub id: String,
}
