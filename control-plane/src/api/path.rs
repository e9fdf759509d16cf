//! Ids in paths. One that cannot be an id leads nowhere.

use super::error::{ApiError, Result};
use axum::{
    extract::{FromRequestParts, OriginalUri, RawPathParams},
    http::request::Parts,
};
use std::str::FromStr;

/// The one id of a path.
pub(crate) struct Id<A>(pub A);

/// The two ids of a path, in their order.
pub(crate) struct Ids<A, B>(pub A, pub B);

impl<A: FromStr, S: Send + Sync> FromRequestParts<S> for Id<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let texts = texts(parts, state).await?;
        let first = texts.first().and_then(|text| text.parse().ok());
        first.map(Self).ok_or_else(|| no_route(parts))
    }
}

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let texts = texts(parts, state).await?;
        let first = texts.first().and_then(|text| text.parse().ok());
        let second = texts.get(1).and_then(|text| text.parse().ok());
        first.zip(second).map(|(first, second)| Self(first, second)).ok_or_else(|| no_route(parts))
    }
}

async fn texts<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>> {
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| no_route(parts))?;
    Ok(params.iter().map(|(_, text)| text.to_owned()).collect())
}

pub(super) fn no_route(parts: &Parts) -> ApiError {
    let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.path());
    ApiError::NoRoute(path.to_owned())
}
