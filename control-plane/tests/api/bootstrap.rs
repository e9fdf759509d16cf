//! The first start on an empty database.

use control_plane::db::{
    self,
    bootstrap::{self, BootstrapError, First},
    callers,
};
use sqlx::PgPool;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

async fn database() -> PgPool {
    let pool = db::connect(dev_postgres::test_database().parse().unwrap(), 8).await.unwrap();
    db::migrate(&pool).await.unwrap();
    pool
}

fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name =
        format!("orangery-bootstrap-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}

async fn ensure(pool: &PgPool, file: Option<&Path>) -> Result<policy::id::ClusterId, BootstrapError> {
    let first = First { account: "first".into(), email: "admin@example.com".into() };
    bootstrap::ensure(pool, crate::harness::NOW.parse().unwrap(), &first, file).await
}

#[tokio::test]
async fn the_first_token_goes_to_a_file_of_its_owner_alone_and_works() {
    let (pool, folder) = (database().await, folder());
    let file = folder.join("token");
    ensure(&pool, Some(&file)).await.unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let now = crate::harness::NOW.parse().unwrap();
    let token = callers::token(&mut pool.acquire().await.unwrap(), text.trim(), now).await.unwrap().unwrap();
    assert!(token.operator && token.accounts.len() == 1);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_second_start_changes_nothing() {
    let (pool, folder) = (database().await, folder());
    let file = folder.join("token");
    let first = ensure(&pool, None).await.unwrap();
    assert_eq!(ensure(&pool, Some(&file)).await.unwrap(), first);
    assert!(!file.exists(), "the database was not empty any more");
}

#[tokio::test]
async fn replicas_that_start_together_agree() {
    let pool = database().await;
    let started = futures_util::future::join_all((0..6).map(|_| ensure(&pool, None))).await;
    let clusters: Vec<_> = started.into_iter().map(Result::unwrap).collect();
    assert!(clusters.iter().all(|cluster| *cluster == clusters[0]));
    for table in ["cluster", "users", "accounts", "memberships"] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap(), 1, "{table}");
    }
}

#[tokio::test]
async fn a_token_file_that_cannot_be_written_leaves_the_database_empty() {
    let pool = database().await;
    let failed = ensure(&pool, Some(Path::new("/proc/nowhere/token"))).await;
    assert!(matches!(failed, Err(BootstrapError::TokenFile { .. })));
    assert_eq!(sqlx::query_scalar::<_, i64>("select count(*) from users").fetch_one(&pool).await.unwrap(), 0);
}
