//! Every answer carries a Ray ID, by which it is found in the log and in the audit.

use super::App;
use crate::random;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::net::SocketAddr;

const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");

/// 16 hexadecimal digits, a dash and the name of this place.
#[derive(Debug, Clone)]
pub(crate) struct Ray(pub String);

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

pub(super) async fn stamp(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let ray = format!("{}-{}", hex::encode(random::bytes::<8>()), app.colo);
    let (method, path, began) = (request.method().clone(), request.uri().path().to_owned(), app.clock.now());
    request.extensions_mut().insert(Ray(ray.clone()));
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let milliseconds = app.clock.now().duration_since(began).as_millis_f64();
    if method.is_safe() {
        tracing::debug!(%ray, %method, path, status, milliseconds, "answered");
    } else {
        tracing::info!(%ray, %method, path, status, milliseconds, "answered");
    }
    if let Ok(header) = HeaderValue::from_str(&ray) {
        response.headers_mut().insert(CF_RAY, header);
    }
    response
}
