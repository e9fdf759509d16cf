//! Control planes that share a database: one of everything that there may be one of, whoever comes first or dies in between.

use crate::harness::World;
use control_plane::{clock::Clock, db, reconcile::certificates::reconcile};
use e2e::{
    eventually::eventually,
    replicas::{Process, flags_of},
    rest::Api,
    scratch::Scratch,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use std::{collections::BTreeSet, fs, time::Duration};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(20);
const REPLICAS: usize = 8;

async fn count(database: &mut PgConnection, rows: &str) -> i64 {
    let sql = AssertSqlSafe(format!("select count(*) from {rows}"));
    sqlx::query_scalar(sql).fetch_one(database).await.unwrap()
}

/// The files of some kind that exist.
fn written(scratch: &Scratch, kind: &str) -> Vec<String> {
    let paths = (0..REPLICAS).map(|number| scratch.join(&format!("{kind}-{number}")));
    paths.filter_map(|path| fs::read_to_string(path).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_on_an_empty_database_agree_on_everything() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let (url, scratch) = (dev_postgres::test_database(), Scratch::new().unwrap());
    let mut starting = JoinSet::new();
    for number in 0..REPLICAS {
        let mut flags = flags_of(&url, &scratch.join("master-key"));
        let file = |kind: &str| scratch.join(&format!("{kind}-{number}")).display().to_string();
        flags.push(format!("--bootstrap-token-file={}", file("token")));
        flags.push(format!("--bootstrap-enrolment-file={}", file("enrolment")));
        starting.spawn(async move { Process::start(&flags).await });
    }
    let replicas = starting.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>().unwrap();

    let (tokens, enrolments) = (written(&scratch, "token"), written(&scratch, "enrolment"));
    assert_eq!((tokens.len(), enrolments.len()), (1, 1), "whoever was not first wrote nothing");
    let mut seen = BTreeSet::new();
    for (_, running) in &replicas {
        let api = Api::new(running.api_addr, tokens[0].trim());
        let account = api.get("/accounts").await.unwrap().granted().unwrap()[0]["id"].to_string();
        let edge = api.text("/orangery/ca/edge.pem").await.unwrap();
        seen.insert((account, edge, api.text("/orangery/ca/origin.pem").await.unwrap()));
    }
    assert_eq!(seen.len(), 1, "every one of them shows the same");
    let mut database = PgConnection::connect(&url).await.unwrap();
    for table in [
        "cluster",
        "accounts",
        "users",
        "memberships",
        "tokens",
        "publisher_key",
        "fleet_keys",
        "enrolment_tokens",
    ] {
        assert_eq!(count(&mut database, table).await, 1, "{table}");
    }
    assert_eq!(count(&mut database, "authorities").await, 3);
    let migrations = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations")).unwrap().count();
    assert_eq!(
        count(&mut database, "_sqlx_migrations where success").await,
        i64::try_from(migrations).unwrap()
    );
    let zone = json!({"name": "together.test"});
    let api = |number: usize| Api::new(replicas[number].1.api_addr, tokens[0].trim());
    let made = api(0).post("/zones", zone).await.unwrap().granted().unwrap();
    let shown = api(7).get(&format!("/zones/{}", made["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(shown.granted().unwrap()["name"], "together.test");
}

/// Ordinary connections give up on a lock after five seconds; a migration on a large database may take longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_waits_for_another_that_migrates_for_long() {
    let url = dev_postgres::test_database();
    let pool = db::connect(url.parse().unwrap(), 2).await.unwrap();
    db::migrate(&pool).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    let mut migrating = other.begin().await.unwrap();
    sqlx::query("lock table _sqlx_migrations").execute(&mut *migrating).await.unwrap();
    let mut waiting = Box::pin(db::migrate(&pool));
    let given_up = tokio::time::timeout(Duration::from_millis(5500), &mut waiting).await;
    assert!(given_up.is_err(), "it waits");
    migrating.commit().await.unwrap();
    waiting.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_another_master_key_does_not_start_and_says_why() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let (url, scratch) = (dev_postgres::test_database(), Scratch::new().unwrap());
    let _first = Process::start(&flags_of(&url, &scratch.join("master-key"))).await.unwrap();
    let error = Process::start(&flags_of(&url, &scratch.join("another-key"))).await.err().unwrap();
    assert!(format!("{error:#}").contains("the master key is another one"), "{error:#}");
}

async fn renewed(pool: &PgPool) -> (i64, i64) {
    let mut conn = pool.acquire().await.unwrap();
    let issued = count(&mut conn, "audit where action = 'certificate.renew'").await;
    (issued, count(&mut conn, "certificates").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_issued_once_though_every_replica_looks() {
    let world = World::new().await;
    for number in 0..40 {
        world.create_zone(&format!("z{number}.example")).await;
    }
    let now = Clock::System.now();
    let mut replicas = JoinSet::new();
    for _ in 0..4 {
        let (pool, master) = (world.pool.clone(), world.master.clone());
        replicas.spawn(async move { reconcile(&pool, &master, now).await });
    }
    replicas.join_all().await.into_iter().collect::<Result<(), _>>().unwrap();
    // Whoever did not have the lock left its turn to the one who had it.
    reconcile(&world.pool, &world.master, now).await.unwrap();
    assert_eq!(renewed(&world.pool).await, (40, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_was_at_when_it_died_is_done_by_the_next() {
    let world = World::new().await;
    let (zone, _) = world.create_zone("orphan.example").await;
    let now = Clock::System.now();
    let mut blocker = world.pool.begin().await.unwrap();
    sqlx::query("select from zones where id = $1 for update")
        .bind(zone.to_string())
        .execute(&mut *blocker)
        .await
        .unwrap();
    let (pool, master) = (world.pool.clone(), world.master.clone());
    let dying = tokio::spawn(async move { reconcile(&pool, &master, now).await });
    let waits = || async {
        let waits = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        sqlx::query_scalar::<_, i32>(waits).fetch_optional(&world.pool).await.unwrap()
    };
    let pid = eventually("one replica is in the middle of it", PATIENCE, waits).await.unwrap();
    reconcile(&world.pool, &world.master, now).await.unwrap();
    assert_eq!(renewed(&world.pool).await, (0, 0), "the lock is held");
    dying.abort();
    sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&world.pool).await.unwrap();
    blocker.rollback().await.unwrap();
    eventually("the lock is free", PATIENCE, || async {
        reconcile(&world.pool, &world.master, now).await.unwrap();
        (renewed(&world.pool).await.0 > 0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(renewed(&world.pool).await, (1, 1));
}
