//! What a write has come to: `orangery-revision` says which revision published it. With `?wait=applied` the answer is held
//! back until every node that was connected at the commit has it, or `timeout` seconds are over; `orangery-applied: 3/4` says
//! how many of how many have.

use super::{
    App,
    envelope::Committed,
    error::{ApiError, Result},
    query::Query,
};
use crate::db::{DbError, node_states};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use policy::revision::Revision;
use std::time::Duration;
use tokio::{sync::watch, time};

const REVISION: HeaderName = HeaderName::from_static("orangery-revision");
const APPLIED: HeaderName = HeaderName::from_static("orangery-applied");
const TIMEOUT_SECONDS_DEFAULT: i64 = 5;
const TIMEOUT_SECONDS_MAX: i64 = 30;
/// Nodes may report to another replica, of which nothing is heard here but through the database.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the API knows of the nodes besides the database.
#[derive(Clone)]
pub struct Fleet {
    /// How nodes reach the link, as `host:port`.
    pub addresses: std::sync::Arc<[String]>,
    /// Counts reports that this replica wrote. Only a hint to look into the database.
    pub reported: watch::Receiver<u64>,
}

pub(super) async fn announce(State(app): State<App>, request: Request, next: Next) -> Response {
    let patience = match patience(request.uri().query().unwrap_or_default()) {
        Ok(patience) => patience,
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    if let Some(Committed(revision)) = response.extensions().get::<Committed>().copied() {
        response.headers_mut().insert(REVISION, HeaderValue::from(revision.0));
        if let Some(patience) = patience {
            let applied = match applied(app, revision, patience).await {
                Ok((applied, connected)) => HeaderValue::try_from(format!("{applied}/{connected}")).ok(),
                // The write stands, whatever became of the question.
                Err(error) => {
                    tracing::warn!(%error, "it is not known how many nodes have applied a revision");
                    None
                }
            };
            response.headers_mut().insert(APPLIED, applied.unwrap_or(HeaderValue::from_static("unknown")));
        }
    }
    response
}

/// How long the caller wants to wait, if at all; judged before anything is written.
fn patience(query: &str) -> Result<Option<Duration>> {
    if !query.contains("wait") {
        return Ok(None);
    }
    let query = Query::parse(query)?;
    match query.text("wait") {
        None => Ok(None),
        Some("applied") => {
            let seconds =
                query.number("timeout", 0)?.unwrap_or(TIMEOUT_SECONDS_DEFAULT).min(TIMEOUT_SECONDS_MAX);
            Ok(Some(Duration::from_secs(seconds.unsigned_abs())))
        }
        Some(_) => Err(ApiError::invalid("wait", "Invalid query: `wait` can only be `applied`")),
    }
}

/// How many nodes have applied a revision, and how many of them there were when the waiting began.
async fn applied(app: App, revision: Revision, patience: Duration) -> Result<(usize, usize), DbError> {
    let until = time::Instant::now() + patience;
    let mut reported = app.fleet.reported.clone();
    let nodes = node_states::connected(&mut *app.conn().await?, app.clock.now()).await?;
    loop {
        reported.mark_unchanged();
        let applied = node_states::count_applied(&mut *app.conn().await?, &nodes, revision).await?;
        if applied >= nodes.len() || time::Instant::now() >= until {
            return Ok((applied, nodes.len()));
        }
        let look = until.min(time::Instant::now() + LOOK_EVERY);
        // Without reports on this replica only time passes.
        let changed = async {
            if reported.changed().await.is_err() {
                std::future::pending().await
            }
        };
        time::timeout_at(look, changed).await.ok();
    }
}
