use std::collections::BTreeSet;

use crate::{connect, folder, start, text};
use dev_postgres::Error;

#[tokio::test]
async fn a_made_database_is_empty_and_has_its_own_url() {
    let folder = folder();
    let cluster = start(folder.path());
    let url = cluster.create_database("second").unwrap();
    let mut connection = connect(&url).await;
    let name: String =
        sqlx::query_scalar("select current_database()::text").fetch_one(&mut connection).await.unwrap();
    assert_eq!(name, "second");
    assert!(matches!(cluster.create_database("second"), Err(Error::Sql { .. })), "made twice");
    assert_eq!(text(&cluster.connect_options(), "select current_database()::text").await, "orangery");
}

#[test]
fn a_name_that_would_need_quoting_is_refused() {
    let folder = folder();
    let cluster = start(folder.path());
    for name in ["", "1a", "A", "a-b", "a\"b", "a;drop", &"a".repeat(64)] {
        let refused = cluster.create_database(name);
        assert!(matches!(refused, Err(Error::DatabaseName { .. })), "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_run_side_by_side_each_get_a_database() {
    let made = (0..8).map(|_| tokio::task::spawn_blocking(dev_postgres::test_database)).collect::<Vec<_>>();
    let mut urls = BTreeSet::new();
    for url in made {
        let url = url.await.unwrap();
        sqlx::raw_sql("create table only_mine (n int)").execute(&mut connect(&url).await).await.unwrap();
        urls.insert(url);
    }
    assert_eq!(urls.len(), 8);
}

#[tokio::test]
async fn a_test_database_can_be_had_from_within_an_async_test() {
    let url = dev_postgres::test_database();
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(one, 1);
}
