//! Renews the certificates that we issue, and withdraws uploaded ones whose end has passed.

use super::forever;
use crate::{
    certificates::{CertificateError, edge, furnish_zone},
    clock::Clock,
    db::{
        DbError,
        audit::Entry,
        change::{Actor, Change},
        renewals::{self, Due},
    },
    secrets::MasterKey,
};
use jiff::Timestamp;
use policy::id::ZoneId;
use sqlx::PgPool;
use std::{error::Error, sync::Arc, time::Duration};
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
    while expire(pool, now).await? == Progress::More {}
    let mut after = None;
    loop {
        let due = zones_to_renew(pool, now, after).await?;
        let Some(last) = due.last() else { return Ok(()) };
        after = Some(last.zone);
        match renew(pool, master, now, &due).await {
            Ok(()) => {}
            Err(error) if due.len() == 1 => log(last, &error),
            Err(_) => renew_one_by_one(pool, master, now, &due).await,
        }
    }
}

/// Whatever one zone suffers from must not keep the others from being renewed.
async fn renew_one_by_one(pool: &PgPool, master: &MasterKey, now: Timestamp, due: &[Due]) {
    for zone in due {
        if let Err(error) = renew(pool, master, now, std::slice::from_ref(zone)).await {
            log(zone, &error);
        }
    }
}

fn log(zone: &Due, error: &CertificateError) {
    let Due { zone, name, .. } = zone;
    tracing::error!(%zone, %name, error = error as &dyn Error, "a certificate cannot be issued and will be tried again");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Something was done, and more may be left.
    More,
    /// Nothing is left, or another replica is at it.
    Done,
}

async fn zones_to_renew(
    pool: &PgPool,
    now: Timestamp,
    after: Option<ZoneId>,
) -> Result<Vec<Due>, CertificateError> {
    let mut conn = pool.acquire().await.map_err(DbError::from)?;
    let until = now + edge::RENEWED_BEFORE_END;
    Ok(renewals::zones_to_renew(&mut conn, until, after, ZONES_PER_CHANGE_MAX).await?)
}

/// Issues a certificate for each of some zones, in one change that holds the reconciler's lock. Does nothing without the lock.
async fn renew(
    pool: &PgPool,
    master: &MasterKey,
    now: Timestamp,
    due: &[Due],
) -> Result<(), CertificateError> {
    let Some(mut change) = begin(pool, now).await? else { return Ok(()) };
    match issue(&mut change, master, now, due).await {
        Ok(()) => Ok(change.commit().await.map(|_| ())?),
        Err(error) => {
            change.abandon().await?;
            Err(error)
        }
    }
}

async fn issue(
    change: &mut Change,
    master: &MasterKey,
    now: Timestamp,
    due: &[Due],
) -> Result<(), CertificateError> {
    change.lock_zones(&due.iter().map(|due| due.zone).collect::<Vec<_>>()).await?;
    for Due { zone, account, name } in due {
        // It may have been deleted, or furnished by another replica, before it was locked.
        if renewals::is_to_renew(change.conn(), now + edge::RENEWED_BEFORE_END, *zone).await? {
            furnish_zone(change, master, *zone, name).await?;
            change.audit(Entry::in_zone("certificate.renew", "certificate", zone, *account, *zone));
            tracing::info!(%zone, %name, "issued an edge certificate");
        }
    }
    Ok(())
}

/// Withdraws some of the uploaded certificates that have ended, in one change that holds the reconciler's lock.
async fn expire(pool: &PgPool, now: Timestamp) -> Result<Progress, CertificateError> {
    let Some(mut change) = begin(pool, now).await? else { return Ok(Progress::Done) };
    let ended = renewals::zones_to_expire(change.conn(), now, ZONES_PER_CHANGE_MAX).await?;
    change.lock_zones(&ended).await?;
    renewals::expire(&mut change, &ended).await?;
    // Also with nothing to write: a transaction that is merely dropped keeps the lock a little longer.
    change.commit().await?;
    Ok(if ended.is_empty() { Progress::Done } else { Progress::More })
}

/// A change that holds the reconciler's lock, unless another replica has it.
async fn begin(pool: &PgPool, now: Timestamp) -> Result<Option<Change>, DbError> {
    let mut change = Change::begin(pool, &Actor::system("certificates", now)).await?;
    Ok(renewals::try_lock_reconciler(change.conn()).await?.then_some(change))
}
