//! A control plane's link with a database of its own, and nodes that follow it.

use control_plane::{
    clock::Clock,
    db::{
        self,
        bootstrap::{self, First},
        change::{Actor, Change},
        enrolment::{self, NewToken},
        nodes::{self, Node as NodeRow},
    },
    publish::{self, Running},
    secrets::MasterKey,
};
use data_plane::{
    config::Config,
    current::Current,
    follow::{self, Following},
};
use jiff::{SignedDuration, Timestamp};
use policy::{
    id::{AccountId, ZoneId},
    revision::{Position, Revision},
};
use sqlx::PgPool;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) master: MasterKey,
    pub(crate) account: AccountId,
    pub(crate) link: Option<Running>,
    pub(crate) stop: CancellationToken,
}

impl World {
    pub(crate) async fn new() -> Self {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let url = dev_postgres::test_database();
        let pool = db::connect(url.parse().unwrap(), 10).await.unwrap();
        db::migrate(&pool).await.unwrap();
        let first = First { account: "first".into(), email: "admin@example.com".into() };
        bootstrap::ensure(&pool, Timestamp::now(), &first, None).await.unwrap();
        let account: String = sqlx::query_scalar("select id from accounts").fetch_one(&pool).await.unwrap();
        let master = MasterKey::generate().unwrap();
        let account = account.parse().unwrap();
        let mut world = Self { pool, master, account, link: None, stop: CancellationToken::new() };
        world.start_link("127.0.0.1:0").await;
        world
    }

    /// Starts a replica of the control plane, as far as the link goes.
    pub(crate) async fn start_link(&mut self, listen: &str) {
        self.stop = CancellationToken::new();
        let (pool, master, stop) = (self.pool.clone(), self.master.clone(), self.stop.clone());
        let running =
            publish::serve(pool, master, Clock::System, listen.parse().unwrap(), stop).await.unwrap();
        self.link = Some(running);
    }

    pub(crate) async fn stop_link(&mut self) {
        self.stop.cancel();
        if let Some(link) = self.link.take() {
            link.task.await.unwrap();
        }
    }

    pub(crate) async fn token(&self, uses: i32, valid: SignedDuration) -> String {
        let now = Timestamp::now();
        let addresses = vec![self.link.as_ref().unwrap().link_addr.to_string()];
        let new = NewToken { name: "test".into(), uses_max: uses, expires_on: now + valid, addresses };
        let mut conn = self.pool.acquire().await.unwrap();
        let (_, text) = enrolment::create_token(&mut conn, &new, now).await.unwrap();
        text.to_string()
    }

    /// A node that was never here before.
    pub(crate) async fn node(&self) -> Node {
        let token = self.token(1, SignedDuration::from_hours(1)).await;
        Node::start(&token, &folder())
    }

    pub(crate) async fn change(&self) -> Change {
        Change::begin(&self.pool, &Actor::system("test", Timestamp::now())).await.unwrap()
    }

    /// Makes a zone without certificates; real rows, in one change.
    pub(crate) async fn create_zone(&self, name: &str) -> (ZoneId, Revision) {
        let mut change = self.change().await;
        let id = ZoneId::from_bytes(rand());
        sqlx::query("insert into zones (id, account_id, name, created_on, modified_on) values ($1, $2, $3, now(), now())")
            .bind(id.to_string())
            .bind(self.account.to_string())
            .bind(name)
            .execute(change.conn())
            .await
            .unwrap();
        change.publish_zone(id);
        (id, change.commit().await.unwrap())
    }

    pub(crate) async fn pause_zone(&self, id: ZoneId, paused: bool) -> Revision {
        let mut change = self.change().await;
        change.lock_zones(&[id]).await.unwrap();
        sqlx::query("update zones set paused = $2 where id = $1")
            .bind(id.to_string())
            .bind(paused)
            .execute(change.conn())
            .await
            .unwrap();
        change.publish_zone(id);
        change.commit().await.unwrap()
    }

    pub(crate) async fn nodes(&self) -> Vec<NodeRow> {
        let mut conn = self.pool.acquire().await.unwrap();
        nodes::list(&mut conn, Timestamp::now(), 100, 0).await.unwrap().0
    }

    /// Waits until the only node in the database is as described.
    pub(crate) async fn until_node(&self, what: &str, is: impl Fn(&NodeRow) -> bool) -> NodeRow {
        let started = Instant::now();
        loop {
            let nodes = self.nodes().await;
            if let [node] = nodes.as_slice()
                && is(node)
            {
                return node.clone();
            }
            assert!(started.elapsed() < PATIENCE, "no node {what}: {nodes:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) struct Node {
    pub(crate) current: Arc<Current>,
    pub(crate) following: Following,
    pub(crate) stop: CancellationToken,
    pub(crate) state_dir: PathBuf,
}

impl Node {
    pub(crate) fn start(token: &str, state_dir: &std::path::Path) -> Self {
        let config = Config {
            enrol_token: Some(token.to_owned()),
            state_dir: state_dir.to_owned(),
            ..Config::default()
        };
        Self::start_with(&config)
    }

    pub(crate) fn start_with(config: &Config) -> Self {
        let current = Arc::new(Current::new());
        let stop = CancellationToken::new();
        let following = follow::start(config, Arc::clone(&current), stop.clone()).unwrap();
        Self { current, following, stop, state_dir: config.state_dir.clone() }
    }

    pub(crate) async fn until(&self, revision: Revision) -> Position {
        let mut positions = self.current.positions();
        let reached = positions.wait_for(|at| at.is_some_and(|at| at.revision >= revision));
        tokio::time::timeout(PATIENCE, reached).await.expect("the revision is applied").unwrap().unwrap()
    }

    /// The process ends, its folder stays.
    pub(crate) async fn stop(self) -> PathBuf {
        self.stop.cancel();
        self.following.task.await.unwrap();
        self.state_dir
    }
}

pub(crate) fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("orangery-link-{}", hex::encode(rand())))
}

pub(crate) fn rand() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}
