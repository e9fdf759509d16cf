//! Request bodies: JSON, whatever the content type says, within limits of size and time.

use super::{
    App,
    error::{ApiError, Result},
};
use crate::whole::whole;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Segment;

/// Enough for everything that speaks of one thing.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// Once they are parsed, values take many times the bytes in which they came. A full batch of records has half as many.
const VALUES_MAX: usize = 250_000;

/// A body, parsed. Unknown fields are ignored, as clients send read-only ones back.
pub(crate) struct Body<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<App> for Body<T, BYTES_MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        parse(&read(request, BYTES_MAX, app).await?).map(Self)
    }
}

/// Reads a body of at most `bytes_max` bytes as it is, for a resource that takes something else than JSON, or more of it.
pub(crate) async fn read(request: Request, bytes_max: usize, app: &App) -> Result<Bytes> {
    if is_encoded(request.headers()) {
        return Err(ApiError::EncodedBody);
    }
    let body = request.into_body();
    // Where the length is known there is no need to wait for what is refused anyway.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(ApiError::BodyTooLarge(bytes_max));
    }
    let whole = tokio::time::timeout(app.timeouts.body, Limited::new(body, bytes_max).collect());
    let whole = whole.await.map_err(|_| ApiError::BodyTooSlow)?;
    let whole = whole.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => ApiError::BodyTooLarge(bytes_max),
        Err(error) => ApiError::MalformedJson(format!("the body broke off: {error}")),
    })?;
    Ok(whole.to_bytes())
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    codings.iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if values(bytes) > VALUES_MAX {
        return Err(ApiError::MalformedJson(format!("at most {VALUES_MAX} values are read")));
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| ApiError::MalformedJson(error.to_string()))?;
    if !value.is_object() {
        return Err(ApiError::MalformedJson("an object is expected".into()));
    }
    if holds_nul(&value) {
        return Err(ApiError::MalformedJson("strings may not hold NUL".into()));
    }
    serde_path_to_error::deserialize(&value).map_err(|error| {
        let path: Vec<_> = error.path().iter().map(segment).collect();
        let field = path.join(".");
        ApiError::invalid(
            format!("/{}", path.join("/")),
            format!("Invalid value for `{field}`: {}", error.inner()),
        )
    })
}

/// How many values a JSON text has at most: each begins the text, a list or an object, or follows a comma.
fn values(bytes: &[u8]) -> usize {
    let (mut values, mut within_string, mut escaped) = (1, false, false);
    for byte in bytes {
        match (within_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => within_string = !within_string,
            (false, b',' | b'[' | b'{') => values += 1,
            _ => {}
        }
    }
    values
}

fn segment(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.clone(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => "?".to_owned(),
    }
}

/// Postgres cannot keep NUL, and nothing that is kept here has a use for it.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A field of a body that tells "not sent" from "sent as null". Needs `#[serde(default)]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    Given(T),
}

impl<T> Field<T> {
    /// The value where null means the same as absence.
    pub(crate) fn given(self) -> Option<T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// For fields whose value may itself be none.
    pub(crate) fn some(self) -> Field<Option<T>> {
        match self {
            Self::Given(value) => Field::Given(Some(value)),
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Given))
    }
}

/// A whole number, sent as `1`, `1.0` or `"1"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        whole(&value).map(Self).ok_or_else(|| serde::de::Error::custom("a whole number is expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default)]
        ttl: Field<Whole>,
    }

    fn sample(text: &str) -> Option<Field<Whole>> {
        parse::<Sample>(text.as_bytes()).ok().map(|sample| sample.ttl)
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        assert_eq!(sample("{}"), Some(Field::Absent));
        assert_eq!(sample(r#"{"ttl":null}"#), Some(Field::Null));
        for text in [r#"{"ttl":60}"#, r#"{"ttl":60.0}"#, r#"{"ttl":"60"}"#, r#"{"ttl":"60.0"}"#] {
            assert_eq!(sample(text), Some(Field::Given(Whole(60))), "{text}");
        }
    }

    #[test]
    fn values_are_counted_before_anything_is_made_of_them() {
        assert_eq!(values(br#"{"a":[1,2],"b":"[,{\",","c":{}}"#), 7);
        let many = format!("{{\"posts\":[{}{{}}]}}", "{},".repeat(VALUES_MAX / 2));
        assert!(matches!(parse::<Sample>(many.as_bytes()), Err(ApiError::MalformedJson(_))));
    }

    #[test]
    fn bodies_that_are_no_objects_or_hold_nul_are_refused() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "null",
            "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}",
            r#"{"ttl":1.5}"#,
            r#"{"ttl":"x"}"#,
        ] {
            assert_eq!(sample(text), None, "{text}");
        }
    }
}
