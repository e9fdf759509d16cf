//! The composition: database, keys, link, REST, tasks, in the order in which each needs the one before.

use crate::{
    admin,
    api::{self, App, Bookmarks, Fleet, RateLimit, Timeouts},
    clock::Clock,
    config::Config,
    db::{
        self,
        bootstrap::{self, First},
        enrolment::NewToken,
    },
    listen::{self, IDLE_TIMEOUT, Listen},
    publish, reconcile,
};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests under way may take after the control plane was told to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Connections for publishing, reports, tasks and readiness, which go on however many callers wait for the others.
const OWN_CONNECTIONS_MAX: u32 = 8;
/// How long the first enrolment token admits nodes.
const FIRST_ENROLMENT_VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A control plane at work.
pub struct Running {
    pub api_addr: SocketAddr,
    pub link_addr: SocketAddr,
    pub admin_addr: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    link: JoinHandle<()>,
}

impl Running {
    /// Stops accepting, answers what is under way, and ends within 15 seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let drained = async {
            self.tasks.wait().await;
            let _ = self.link.await;
        };
        if tokio::time::timeout(DRAIN_TIMEOUT, drained).await.is_err() {
            tracing::warn!("requests were still under way when the control plane ended");
        }
    }
}

/// Starts a control plane: migrates the database, fills an empty one, and opens the ports.
pub async fn serve(config: Config, clock: Clock) -> anyhow::Result<Running> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let rest = bind("--listen", config.listen).await?;
    let admin = bind("--admin-listen", config.admin_listen).await?;
    let api_tls = match (&config.tls_cert, &config.tls_key) {
        (Some(chain), Some(key)) => Some(listen::tls(chain, key)?),
        _ => None,
    };

    let master_key = config.master_key()?;
    let database = config.database.options()?;
    let api_pool = db::connect(database.clone(), config.database_connections_max)
        .await
        .context("cannot connect to the database (--database-url)")?;
    let pool = db::connect(database, OWN_CONNECTIONS_MAX).await.context("cannot connect to the database")?;
    db::migrate(&pool).await.context("cannot migrate the database")?;
    let first = First { account: config.bootstrap_account.clone(), email: config.bootstrap_email.clone() };
    bootstrap::ensure(&pool, clock.now(), &first, config.bootstrap_token_file.as_deref()).await?;

    let link =
        publish::serve(pool.clone(), master_key.clone(), clock.clone(), config.link_listen, stop.clone())
            .await?;
    let link_addresses = config.link_addresses(link.link_addr);
    if let Some(path) = &config.bootstrap_enrolment_file {
        let new = first_enrolment(&config, &link_addresses, clock.now());
        bootstrap::ensure_enrolment(&pool, clock.now(), &new, path).await?;
    }
    let nudge = Arc::new(Notify::new());
    tasks.spawn(reconcile::certificates::run(
        pool.clone(),
        master_key.clone(),
        clock.clone(),
        nudge,
        stop.clone(),
    ));

    let running = Running {
        api_addr: rest.local_addr()?,
        link_addr: link.link_addr,
        admin_addr: admin.local_addr()?,
        stop: stop.clone(),
        tasks: tasks.clone(),
        link: link.task,
    };
    let app = App {
        pool: api_pool,
        clock,
        master_key,
        colo: config.colo.as_str().into(),
        edge_ranges: config.edge_ranges.clone().into(),
        fleet: Fleet { addresses: link_addresses.into(), reported: link.reports.stored() },
        rate_limit: RateLimit::new(config.api_rate_limit),
        timeouts: Timeouts::default(),
        bookmarks: Bookmarks::default(),
    };
    let plain = Listen { tls: None, idle_timeout: IDLE_TIMEOUT, stop, tasks: tasks.clone() };
    let admin_clock = app.clock.clone();
    let answer = move |_, request| admin::answer(pool.clone(), admin_clock.now(), request);
    tasks.spawn(plain.clone().serve(admin, answer));
    tasks.spawn(Listen { tls: api_tls, ..plain }.serve(rest, api::answering(app)));
    tracing::info!(api = %running.api_addr, link = %running.link_addr, admin = %running.admin_addr, "the control plane is ready");
    Ok(running)
}

fn first_enrolment(config: &Config, addresses: &[String], now: Timestamp) -> NewToken {
    NewToken {
        name: "first nodes".to_owned(),
        uses_max: config.bootstrap_enrolment_uses,
        expires_on: now + FIRST_ENROLMENT_VALIDITY,
        addresses: addresses.to_vec(),
    }
}

async fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} ({flag})"))
}
