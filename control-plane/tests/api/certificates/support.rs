//! What these tests see besides the API: what would be published, and all that lies in the database.

use crate::harness::{NOW, World, request};
use control_plane::db::{
    change,
    published::View,
    zone_rows::{self, ZoneRows},
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use policy::id::ZoneId;

pub(super) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(super) fn zone_id(zone: &str) -> ZoneId {
    zone.strip_prefix("/zones/").unwrap().parse().unwrap()
}

/// What the publisher reads about a zone, which is given by its path.
pub(super) async fn published(world: &World, zone: &str) -> ZoneRows {
    let mut view = View::open(&world.app.pool).await.unwrap();
    zone_rows::read(view.conn(), &[zone_id(zone)]).await.unwrap().pop().unwrap().1.unwrap()
}

pub(super) async fn revision(world: &World) -> u64 {
    change::current(&mut world.app.pool.acquire().await.unwrap()).await.unwrap().0
}

/// The newest mention of each document whose key begins with `prefix`, and whether it is a removal.
pub(super) async fn outbox(world: &World, prefix: &str) -> Vec<(String, bool)> {
    let query = "select distinct on (document) document, removed from outbox where starts_with(document, $1)
                 order by document, revision desc";
    sqlx::query_as(query).bind(prefix).fetch_all(&world.app.pool).await.unwrap()
}

/// Every row of every table as text, with binary columns in hexadecimal.
pub(super) async fn dump(world: &World) -> String {
    let query = "select table_name::text from information_schema.tables where table_schema = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(query).fetch_all(&world.app.pool).await.unwrap();
    let mut dump = String::new();
    for table in tables {
        let query = sqlx::AssertSqlSafe(format!("select t::text from \"{table}\" t"));
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&world.app.pool).await.unwrap();
        dump.push_str(&rows.join("\n"));
    }
    dump
}

/// A file that needs no token.
pub(super) async fn download(world: &World, path: &str) -> String {
    let answer = world.send(request(Method::GET, path), "").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::OK, Some("application/x-pem-file"))
    );
    answer.body["text"].as_str().unwrap().to_owned()
}
