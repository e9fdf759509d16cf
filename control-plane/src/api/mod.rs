//! HTTP: one folder for each resource, one file for each verb.

mod accounts;
mod applied;
mod body;
mod bounds;
mod ca;
mod caller;
mod certificate_packs;
mod custom_certificates;
mod custom_trust_store;
mod docs;
mod enrolment_tokens;
mod envelope;
mod error;
mod flags;
mod gzip;
mod ips;
mod memberships;
mod nodes;
mod normalise;
mod origin_ca;
mod page;
mod page_rules;
mod path;
mod permission;
mod query;
mod rate_limit;
mod ray;
mod records;
mod scope;
mod settings;
mod ssl_verification;
mod universal_ssl;
mod user;
mod zone_subscription;
mod zones;

pub use applied::Fleet;
pub use bounds::Timeouts;
pub use rate_limit::RateLimit;
pub use ray::Peer;
pub use records::Bookmarks;

use crate::{clock::Clock, db::DbError, secrets::MasterKey};
use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware,
    response::{IntoResponse as _, Response},
};
use error::ApiError;
use futures_util::{FutureExt as _, future::BoxFuture};
use hyper::body::Incoming;
use ipnet::IpNet;
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use std::{convert::Infallible, net::SocketAddr, sync::Arc};
use tower::{Service, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// What handlers need besides the request.
#[derive(Clone)]
pub struct App {
    pub pool: PgPool,
    pub clock: Clock,
    pub master_key: MasterKey,
    /// Three letters for this place.
    pub colo: Arc<str>,
    /// Address ranges of the nodes.
    pub edge_ranges: Arc<[IpNet]>,
    pub fleet: Fleet,
    pub rate_limit: RateLimit,
    pub timeouts: Timeouts,
    pub bookmarks: Bookmarks,
}

impl App {
    async fn conn(&self) -> Result<PoolConnection<Postgres>, DbError> {
        Ok(self.pool.acquire().await?)
    }
}

/// The whole URL tree.
fn tree() -> OpenApiRouter<App> {
    let v4 = OpenApiRouter::new()
        .merge(user::router())
        .merge(accounts::router())
        .merge(memberships::router())
        .merge(ips::router())
        .merge(zones::router())
        .merge(zone_subscription::router())
        .merge(settings::router())
        .merge(flags::router())
        .merge(records::router())
        .merge(page_rules::router())
        .merge(universal_ssl::router())
        .merge(certificate_packs::router())
        .merge(ssl_verification::router())
        .merge(custom_certificates::router())
        .merge(custom_trust_store::router())
        .merge(origin_ca::router())
        .merge(nodes::router())
        .merge(enrolment_tokens::router())
        .merge(ca::router());
    OpenApiRouter::with_openapi(docs::description()).nest("/client/v4", v4)
}

/// The OpenAPI 3.1 document, made from the handlers.
pub fn openapi() -> OpenApi {
    docs::complete(tree().into_openapi())
}

/// Everything above, ready to be served.
pub fn service(
    app: App,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    let (router, document) = tree().split_for_parts();
    let router: Router = router
        .merge(docs::router(docs::complete(document)))
        .fallback(no_route)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(app.clone(), bounds::time))
        .layer(middleware::from_fn_with_state(app.clone(), applied::announce))
        .layer(middleware::from_fn(rate_limit::announce))
        .layer(gzip::layer())
        .layer(middleware::from_fn(gzip::mark))
        .layer(middleware::from_fn(bounds::size))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), ray::stamp))
        .with_state(app);
    router.map_request(normalise::slashes)
}

/// The same as [`service`] for a listener: each request with the address that it came from.
pub fn answering(
    app: App,
) -> impl Fn(SocketAddr, Request<Incoming>) -> BoxFuture<'static, Response> + Clone + Send + Sync + 'static {
    let service = service(app);
    move |peer, request| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        Box::pin(service.clone().oneshot(request).map(|response| match response {
            Ok(response) => response,
            Err(never) => match never {},
        }))
    }
}

async fn no_route(request: Request) -> ApiError {
    ApiError::NoRoute(request.uri().path().to_owned())
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::internal("a handler panicked").into_response()
}
