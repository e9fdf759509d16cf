//! Health, readiness and metrics, on a port that visitors never see.

use super::Telemetry;
use crate::current::Current;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

const CONNECTIONS_MAX: usize = 64;
const TIDYING_INTERVAL: Duration = Duration::from_secs(5);
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves `/healthz`, `/readyz` and `/metrics` until `ended`. Not ready means: no configuration yet, or draining.
pub async fn serve_admin(
    listener: TcpListener,
    current: Arc<Current>,
    telemetry: Arc<Telemetry>,
    draining: CancellationToken,
    ended: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut tidying = tokio::time::interval(TIDYING_INTERVAL);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tidying.tick() => {
                telemetry.metrics.tidy();
                continue;
            }
            () = ended.cancelled() => return,
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&places).try_acquire_owned()) else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (current, telemetry) = (Arc::clone(&current), Arc::clone(&telemetry));
        let (draining, ended) = (draining.clone(), ended.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(&request, &current, &telemetry, draining.is_cancelled());
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
            // Whoever asks for health and goes away early has lost only their own answer.
            tokio::select! {
                _ = builder.serve_connection(TokioIo::new(stream), service) => {}
                () = ended.cancelled() => {}
            }
            drop(place);
        });
    }
}

fn answer(
    request: &Request<Incoming>,
    current: &Current,
    telemetry: &Telemetry,
    draining: bool,
) -> Response<Full<Bytes>> {
    let (status, body) = match request.uri().path() {
        "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
        "/readyz" if draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned()),
        "/readyz" if !current.is_configured() => {
            (StatusCode::SERVICE_UNAVAILABLE, "no configuration yet\n".to_owned())
        }
        "/readyz" => {
            let stale = if current.is_stale() { ", stale: the control plane is not heard" } else { "" };
            (StatusCode::OK, format!("ready at revision {}{stale}\n", current.load().position().revision))
        }
        "/metrics" => {
            let snapshot = current.load();
            telemetry.metrics.zones.set(snapshot.zone_count() as f64);
            telemetry.metrics.revision.set(snapshot.position().revision.0 as f64);
            telemetry.metrics.stale.set(f64::from(u8::from(current.is_stale())));
            (StatusCode::OK, telemetry.metrics.render())
        }
        _ => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
