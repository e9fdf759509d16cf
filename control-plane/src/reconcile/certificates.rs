//! Renews the certificates that we issue, and withdraws uploaded ones whose end has passed.

use super::forever;
use crate::{
    certificates::{CertificateError, edge, furnish_zone},
    clock::Clock,
    db::{
        audit::Entry,
        change::{Actor, Change},
        renewals::{self, Due},
    },
    secrets::MasterKey,
};
use jiff::Timestamp;
use policy::id::ZoneId;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const INTERVAL: Duration = Duration::from_secs(3600);
/// Zones in one transaction, so that none of their owners waits long.
const ZONES_PER_CHANGE_MAX: i64 = 32;

/// Looks every hour, and when nudged, until it is stopped.
pub async fn run(pool: PgPool, master: MasterKey, clock: Clock, nudge: Arc<Notify>, stop: CancellationToken) {
    let task = || {
        let (pool, master, now) = (pool.clone(), master.clone(), clock.now());
        async move { reconcile(&pool, &master, now).await }
    };
    forever("certificates", INTERVAL, nudge, stop, task).await;
}

/// Does all that is due at `now`. Does nothing while another replica is at it.
pub async fn reconcile(pool: &PgPool, master: &MasterKey, now: Timestamp) -> Result<(), CertificateError> {
    while step(pool, master, now).await? == Progress::More {}
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

/// Some of what is due, in one change that holds the reconciler's lock.
async fn step(pool: &PgPool, master: &MasterKey, now: Timestamp) -> Result<Progress, CertificateError> {
    let mut change = Change::begin(pool, &Actor::system("certificates", now)).await?;
    if !renewals::try_lock_reconciler(change.conn()).await? {
        return Ok(Progress::Done);
    }
    let until = now + edge::RENEWED_BEFORE_END;
    let due = renewals::zones_to_renew(change.conn(), until, ZONES_PER_CHANGE_MAX).await?;
    let ended = renewals::zones_to_expire(change.conn(), now, ZONES_PER_CHANGE_MAX).await?;
    let zones: Vec<ZoneId> = due.iter().map(|due| due.zone).chain(ended.iter().copied()).collect();
    change.lock_zones(&zones).await?;
    // A zone may have been deleted before it was locked.
    let still_due = renewals::zones_to_renew(change.conn(), until, ZONES_PER_CHANGE_MAX).await?;
    for Due { zone, account, name } in still_due.into_iter().filter(|zone| due.contains(zone)) {
        furnish_zone(&mut change, master, zone, &name).await?;
        change.audit(Entry::in_zone("certificate.renew", "certificate", zone, account, zone));
        tracing::info!(%zone, %name, "issued an edge certificate");
    }
    renewals::expire(&mut change, &ended).await?;
    // Also with nothing to write: a transaction that is merely dropped keeps the lock a little longer.
    change.commit().await?;
    Ok(if zones.is_empty() { Progress::Done } else { Progress::More })
}
