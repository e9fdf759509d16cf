//! Sees that something changed: a nudge from the database, or a slow tick since nudges get lost.

use super::hub::Hub;
use crate::db::published::{self, Nudges};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::time;
use tokio_util::sync::CancellationToken;

/// How late a change may be noticed if its nudge was lost, and the tick within which a revoked node loses its stream.
const TICK: Duration = Duration::from_secs(1);

const COMPACT_EVERY: Duration = Duration::from_secs(3600);
/// How much history is kept for nodes that come back.
const REVISIONS_MAX: u64 = 1_000_000;

/// Follows the database until shutdown. What fails is tried again with the next tick; streams go on with what is known.
pub(super) async fn follow(hub: Arc<Hub>, pool: PgPool, shutdown: CancellationToken) {
    let mut nudges = None;
    let mut tick = time::interval(TICK);
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    while !shutdown.is_cancelled() {
        if nudges.is_none() {
            nudges = Nudges::listen(&pool)
                .await
                .inspect_err(|error| tracing::warn!(%error, "no nudges for now"))
                .ok();
        }
        if let Err(error) = hub.refresh().await {
            tracing::warn!(%error, "the database cannot be read, nodes keep what they have");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            nudged = nudge(&mut nudges) => if !nudged { nudges = None },
            _ = tick.tick() => {}
        }
    }
}

/// Keeps history from growing without end. Replicas may do it at the same time.
pub(super) async fn compact(pool: PgPool, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(time::sleep(COMPACT_EVERY)).await.is_some() {
        if let Err(error) = published::compact(&pool, REVISIONS_MAX).await {
            tracing::warn!(%error, "old history could not be forgotten, trying again later");
        }
    }
}

/// Whether there was a nudge; without a connection there is none, ever.
async fn nudge(nudges: &mut Option<Nudges>) -> bool {
    match nudges {
        Some(nudges) => nudges.next().await.is_ok(),
        None => std::future::pending().await,
    }
}
