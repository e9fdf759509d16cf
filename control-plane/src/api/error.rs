//! What callers are told when something is refused: one row for each case, with its HTTP status and its code.
//!
//! The texts are part of the wire format: clients search them.

use super::envelope::{ErrorObject, Failure, Source, Stamp};
use crate::{
    certificates::CertificateError,
    db::{Constraint, DbError, authorities::AuthorityError, link::LinkKeyError},
};
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use policy::revision::Revision;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("Missing X-Auth-Key, X-Auth-Email or Authorization headers")]
    MissingCredentials,
    #[error("Missing X-Auth-Key, X-Auth-Email or Authorization headers: {0} came alone")]
    HalfCredentials(&'static str),
    #[error("Invalid request headers")]
    MalformedAuthorization,
    #[error("Invalid request headers")]
    MalformedKey,
    #[error("Unknown X-Auth-Key or X-Auth-Email")]
    UnknownKey,
    #[error("Invalid access token")]
    InvalidAccessToken,
    /// The same as above, where a token asks about itself.
    #[error("Invalid API Token")]
    InvalidApiToken,
    #[error("Unauthorized to access requested resource")]
    Unauthorized,
    /// Zones of others, and zones that do not exist.
    #[error("Authentication error")]
    ZoneRefused,
    #[error(r#"Requires permission "com.cloudflare.api.account.zone.create" to create zones for the selected account"#)]
    MayNotCreateZones,
    #[error("Could not route to {0}, perhaps your object identifier is invalid?")]
    NoRoute(String),
    #[error("Method not allowed")]
    MethodNotAllowed,
    #[error("Malformed JSON in request body: {0}")]
    MalformedJson(String),
    #[error("The path and its query are longer than {0} bytes")]
    UriTooLong(usize),
    #[error("There are more than {headers} request headers, or more than {bytes} bytes of them")]
    HeadersTooLarge { headers: usize, bytes: usize },
    #[error("Request bodies are not taken compressed: send the body without Content-Encoding")]
    EncodedBody,
    #[error("Request body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("Request body did not arrive in time")]
    BodyTooSlow,
    /// A field or parameter that cannot be read, by its JSON pointer or its name.
    #[error("{message}")]
    Invalid { pointer: String, message: String },
    /// A rule of the resource, with the code that its clients know.
    #[error("{message}")]
    Refused { code: i64, message: String },
    #[error("Not allowed to edit setting for {0}")]
    FixedSetting(&'static str),
    /// An object that does not exist, with the code that its clients know.
    #[error("{message}")]
    NotFound { code: i64, message: String },
    /// What the v4 API has and Orangery has not, with what to do instead.
    #[error("{0}")]
    NotOffered(&'static str),
    #[error("Precondition failed: the zone is at revision {0}")]
    Stale(Revision),
    #[error("Please wait and consider throttling your request speed")]
    TooManyRequests { retry_after_seconds: u64 },
    #[error("The service is busy, try again")]
    Busy(#[source] DbError),
    #[error("{0} zone files are being imported already, try again")]
    TooManyImports(usize),
    /// A write may have come to its commit all the same.
    #[error("The request was given up after {} seconds, try again", .0.as_secs())]
    TookTooLong(Duration),
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

impl ApiError {
    pub(crate) fn refused(code: i64, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    pub(crate) fn not_found(code: i64, message: impl Into<String>) -> Self {
        Self::NotFound { code, message: message.into() }
    }

    pub(crate) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }

    pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    fn face(&self) -> (StatusCode, i64) {
        match self {
            Self::MissingCredentials | Self::HalfCredentials(_) => (StatusCode::BAD_REQUEST, 9106),
            Self::MalformedAuthorization | Self::MalformedKey => (StatusCode::BAD_REQUEST, 6003),
            Self::UnknownKey => (StatusCode::FORBIDDEN, 9103),
            Self::InvalidAccessToken | Self::Unauthorized => (StatusCode::FORBIDDEN, 9109),
            Self::InvalidApiToken => (StatusCode::UNAUTHORIZED, 1000),
            Self::ZoneRefused => (StatusCode::FORBIDDEN, 10000),
            Self::MayNotCreateZones => (StatusCode::FORBIDDEN, 0),
            Self::FixedSetting(_) => (StatusCode::FORBIDDEN, 1015),
            Self::NoRoute(_) => (StatusCode::NOT_FOUND, 7003),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, 10405),
            Self::MalformedJson(_) => (StatusCode::BAD_REQUEST, 6007),
            Self::UriTooLong(_) => (StatusCode::URI_TOO_LONG, 10414),
            Self::HeadersTooLarge { .. } => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, 10431),
            Self::EncodedBody => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 10415),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, 6008),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, 6009),
            Self::Invalid { .. } => (StatusCode::BAD_REQUEST, 1004),
            Self::Refused { code, .. } => (StatusCode::BAD_REQUEST, *code),
            Self::NotFound { code, .. } => (StatusCode::NOT_FOUND, *code),
            Self::NotOffered(_) => (StatusCode::BAD_REQUEST, 10501),
            Self::Stale(_) => (StatusCode::PRECONDITION_FAILED, 10412),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, 971),
            Self::Busy(_) | Self::TooManyImports(_) | Self::TookTooLong(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, 10503)
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, 10000),
        }
    }

    fn objects(&self, code: i64) -> Vec<ErrorObject> {
        let mut object = ErrorObject::new(code, self.to_string());
        match self {
            Self::MalformedAuthorization => {
                object.error_chain = vec![ErrorObject::new(6111, "Invalid format for Authorization header")];
            }
            Self::MalformedKey => {
                object.error_chain = vec![ErrorObject::new(6103, "Invalid format for X-Auth-Key header")]
            }
            Self::Invalid { pointer, .. } => object.source = Some(Source { pointer: pointer.clone() }),
            Self::NoRoute(_) => return vec![object, ErrorObject::new(7000, "No route for that URI")],
            _ => {}
        }
        vec![object]
    }

    fn log(&self) {
        if let Self::Internal(source) = self {
            let error: &dyn std::error::Error = source.as_ref();
            tracing::error!(error, "request failed");
        } else if let Self::Busy(error) = self {
            tracing::warn!(error = error as &dyn std::error::Error, "request refused: database busy");
        } else if let Self::TookTooLong(limit) = self {
            tracing::warn!(?limit, "request given up");
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let (status, code) = self.face();
        let failure = Failure::new(self.objects(code));
        let mut response = (status, Json(failure)).into_response();
        let headers = response.headers_mut();
        match self {
            Self::EncodedBody => {
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            Self::Busy(_) | Self::TooManyImports(_) | Self::TookTooLong(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(DbError::RETRY_AFTER.as_secs()));
            }
            Self::TooManyRequests { retry_after_seconds } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
            }
            Self::Internal(_) => {
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            Self::BodyTooLarge(_) | Self::BodyTooSlow => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            Self::Stale(revision) => Stamp::etag(revision).apply(headers),
            _ => {}
        }
        response
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Busy(_) => Self::Busy(error),
            DbError::Refused(Constraint::ZoneNameTaken) => Self::refused(1061, "This zone already exists."),
            DbError::Refused(Constraint::GrpcNeedsEncryptedOrigin) => {
                Self::refused(1007, "gRPC needs SSL mode full or strict: change the setting `ssl`")
            }
            DbError::Refused(Constraint::IdenticalRecord) => {
                Self::refused(81058, "An identical record already exists.")
            }
            DbError::Refused(Constraint::SecondCname) => {
                Self::refused(81053, "An A, AAAA, or CNAME record with that host already exists.")
            }
            DbError::Refused(Constraint::NodeNameTaken) => {
                Self::invalid("/name", "Another node has this name")
            }
            DbError::Refused(Constraint::EmailTaken | Constraint::Other)
            | DbError::Corrupt { .. }
            | DbError::Failed(_)
            | DbError::Migrate(_) => Self::internal(error),
        }
    }
}

impl From<CertificateError> for ApiError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Database(error)
            | CertificateError::Authority(AuthorityError::Database(error))
            | CertificateError::FleetKey(LinkKeyError::Database(error)) => error.into(),
            error => Self::internal(error),
        }
    }
}
