//! Answers are compressed for those who accept it, where it is worth the while.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use hyper::body::Body;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
};

/// Below, the head of the answer is larger than what would be saved.
const ANSWER_BYTES_MIN: u64 = 1024;
/// What the ETag of a compressed answer ends with: another representation has another strong validator (RFC 9110, 8.8.3.3).
const ETAG_SUFFIX: &str = "-gzip";

pub(super) fn layer() -> CompressionLayer<Worthwhile> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(Worthwhile)
}

/// Text of a known length. Answers without one are streams, whose pieces must not wait for each other.
#[derive(Clone, Copy)]
pub(super) struct Worthwhile;

impl Predicate for Worthwhile {
    fn should_compress<B: Body>(&self, response: &http::Response<B>) -> bool {
        let long = response.body().size_hint().exact().is_some_and(|bytes| bytes >= ANSWER_BYTES_MIN);
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        long && kind.is_some_and(|kind| {
            kind.starts_with("text/") || ["json", "javascript", "svg"].iter().any(|text| kind.contains(text))
        })
    }
}

/// Tells the ETag of a compressed answer from that of the plain one.
pub(super) async fn mark(mut request: Request, next: Next) -> Response {
    if refuses_plain(request.headers()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    if let Some(tag) = compressed_tag(response.headers()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Whoever takes no plain answer would be told 406 after the work is done, and take it for not done.
fn refuses_plain(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let none = |element: &str| {
        let element = element.replace(' ', "").to_lowercase();
        let weight = element.strip_prefix("identity;q=").or_else(|| element.strip_prefix("*;q="));
        weight.is_some_and(|weight| weight.parse() == Ok(0.0))
    };
    accepted.flat_map(|value| value.split(',')).any(none)
}

fn compressed_tag(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::CONTENT_ENCODING)?;
    let tag = headers.get(header::ETAG)?.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::try_from(format!("{tag}{ETAG_SUFFIX}\"")).ok()
}

/// The ETag that the plain answer has.
pub(super) fn plain_tag(tag: &str) -> String {
    tag.replace(&format!("{ETAG_SUFFIX}\""), "\"")
}
