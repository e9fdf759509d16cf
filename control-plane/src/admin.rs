//! Health, readiness and metrics, for the operator's machine only.

use crate::db::{self, DbError};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use jiff::Timestamp;
use sqlx::PgPool;
use std::fmt::Write as _;

/// `/healthz` says that the process lives, `/readyz` that it can read its database, `/metrics` is in the format of Prometheus.
pub(crate) async fn answer(
    pool: PgPool,
    now: Timestamp,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    match request.uri().path() {
        "/healthz" => text(StatusCode::OK, "ok\n".into()),
        "/readyz" => match db::revision(&pool).await {
            Ok(revision) => text(StatusCode::OK, format!("ready at revision {revision}\n")),
            Err(error) => {
                text(StatusCode::SERVICE_UNAVAILABLE, format!("the database cannot be read: {error}\n"))
            }
        },
        "/metrics" => match metrics(&pool, now).await {
            Ok(metrics) => text(StatusCode::OK, metrics),
            Err(error) => {
                text(StatusCode::SERVICE_UNAVAILABLE, format!("# the database cannot be read: {error}\n"))
            }
        },
        _ => text(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n".into()),
    }
}

async fn metrics(pool: &PgPool, now: Timestamp) -> Result<String, DbError> {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    };
    let fleet = db::node_states::summary(&mut *pool.acquire().await?, now).await?;
    gauge("orangery_revision", "The newest published revision.", db::revision(pool).await?.0);
    gauge("orangery_nodes_connected", "Nodes that hold an open stream.", fleet.connected);
    gauge(
        "orangery_nodes_behind",
        "Connected nodes that have not applied the newest revision.",
        fleet.behind,
    );
    gauge("orangery_nodes_rejecting", "Connected nodes that reject at least one document.", fleet.rejecting);
    gauge("orangery_database_connections", "Open connections to the database.", u64::from(pool.size()));
    gauge("orangery_database_connections_idle", "Open connections without work.", pool.num_idle() as u64);
    Ok(text)
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
