//! A caller who waits for a write hears when the nodes have it.

use crate::harness::{Node, World, folder};
use axum::body::Body;
use control_plane::{
    api::{self, App, Bookmarks, Fleet, RateLimit, Timeouts},
    clock::Clock,
    db::{
        callers::{self, NewToken, Owner},
        change::Actor,
    },
};
use data_plane::config::Config;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tower::ServiceExt as _;

struct Caller {
    app: App,
    token: String,
}

impl Caller {
    async fn new(world: &World) -> Self {
        let link = world.link.as_ref().unwrap();
        let app = App {
            pool: world.pool.clone(),
            clock: Clock::System,
            master_key: world.master.clone(),
            colo: Arc::from("TST"),
            edge_ranges: Arc::from([]),
            fleet: Fleet {
                addresses: Arc::from([link.link_addr.to_string()]),
                reported: link.reports.stored(),
            },
            rate_limit: RateLimit::new(0),
            timeouts: Timeouts::default(),
            bookmarks: Bookmarks::default(),
        };
        let user: String = sqlx::query_scalar("select id from users").fetch_one(&world.pool).await.unwrap();
        let actor = Actor::system("test", jiff::Timestamp::now());
        let new =
            NewToken { owner: Owner::User(user.parse().unwrap()), name: "test".into(), expires_on: None };
        let token = callers::create_token(&world.pool, &actor, &new).await.unwrap();
        Self { app, token }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder().method(method).uri(format!("/client/v4{path}"));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = api::service(self.app.clone()).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status, head.headers, serde_json::from_slice(&body).unwrap())
    }

    async fn create_zone(&self, world: &World, name: &str, query: &str) -> (HeaderMap, String) {
        let body = json!({ "name": name, "account": { "id": world.account.to_string() } });
        let (status, headers, body) = self.call("POST", &format!("/zones{query}"), body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        (headers, body["result"]["id"].as_str().unwrap().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_applied_returns_once_the_connected_nodes_have_the_write() {
    let world = World::new().await;
    let caller = Caller::new(&world).await;
    let (headers, _) = caller.create_zone(&world, "nobody.example", "?wait=applied").await;
    assert_eq!(headers["orangery-applied"], "0/0", "without nodes there is nothing to wait for");
    let node = world.node().await;
    node.until(policy::revision::Revision(1)).await;
    world.until_node("connected", |row| row.state.connected).await;
    let (headers, id) = caller.create_zone(&world, "waited.example", "?wait=applied").await;
    assert_eq!(headers["orangery-applied"], "1/1");
    assert!(node.current.load().zone(id.parse().unwrap()).is_some(), "it is there when the answer comes");
    for paused in [true, false, true] {
        let body = json!({ "paused": paused });
        let (_, headers, _) = caller.call("PATCH", &format!("/zones/{id}?wait=applied"), body).await;
        assert_eq!(headers["orangery-applied"], "1/1");
        assert_eq!(node.current.load().zone(id.parse().unwrap()).unwrap().zone.paused, paused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_apply_in_time_is_counted_and_not_waited_for_any_longer() {
    let world = World::new().await;
    let caller = Caller::new(&world).await;
    let node = world.node().await;
    let row = world.until_node("connected", |row| row.state.connected).await;
    // The same stream, but nobody behind it who applies anything.
    node.stop().await;
    sqlx::query("update node_states set stream = 'held elsewhere' where node_id = $1")
        .bind(row.id.to_string())
        .execute(&world.pool)
        .await
        .unwrap();
    let started = Instant::now();
    let (headers, _) = caller.create_zone(&world, "late.example", "?wait=applied&timeout=1").await;
    assert_eq!(headers["orangery-applied"], "0/1");
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    let (status, _, body) =
        caller.call("POST", "/zones?wait=forever", json!({ "name": "never.example" })).await;
    assert_eq!((status, &body["errors"][0]["code"]), (StatusCode::BAD_REQUEST, &json!(1004)));
    let (_, _, body) = caller.call("GET", "/zones?name=never.example", Value::Null).await;
    assert_eq!(body["result"], json!([]), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_by_a_token_from_the_api_and_is_shown_renamed_and_revoked_there() {
    let world = World::new().await;
    let caller = Caller::new(&world).await;
    let new = json!({ "name": "for the test", "uses": 1 });
    let (status, _, body) = caller.call("POST", "/orangery/enrolment_tokens", new).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let text = body["result"]["value"].as_str().unwrap().to_owned();
    let (_, _, listed) = caller.call("GET", "/orangery/enrolment_tokens", Value::Null).await;
    assert!(!listed.to_string().contains(&text), "the text is shown once");

    let config = Config {
        enrol_token: Some(text),
        node_name: Some("edge-1".into()),
        state_dir: folder(),
        ..Config::default()
    };
    let node = Node::start_with(&config);
    let (headers, zone) = caller.create_zone(&world, "shown.example", "").await;
    let revision: u64 = headers["orangery-revision"].to_str().unwrap().parse().unwrap();
    let position = node.until(policy::revision::Revision(revision)).await;
    let row = world.until_node("with the revision", |row| row.state.applied == position).await;
    let path = format!("/orangery/nodes/{}", row.id);
    let (_, _, body) = caller.call("GET", &path, Value::Null).await;
    let shown = &body["result"];
    assert_eq!((&shown["name"], &shown["status"]), (&json!("edge-1"), &json!("connected")));
    assert_eq!(
        (&shown["applied_revision"], &shown["lag"], &shown["rejected"]),
        (&json!(revision), &json!(0), &json!([]))
    );
    assert_eq!(shown["version"], env!("CARGO_PKG_VERSION"));

    let changes = json!({ "name": "edge-2", "labels": { "region": "eu" } });
    let (_, _, body) = caller.call("PATCH", &path, changes).await;
    assert_eq!(
        (&body["result"]["name"], &body["result"]["labels"]),
        (&json!("edge-2"), &json!({ "region": "eu" }))
    );

    let sealed_under = |node: &Node| {
        node.current.load().zone(zone.parse().unwrap()).unwrap().zone.certificates[0].key.fleet_key
    };
    let before = sealed_under(&node);
    let (status, headers, _) = caller.call("DELETE", &path, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.contains_key("orangery-revision"), "the keys of all zones were sealed anew");
    world.until_node("cut off", |row| !row.state.connected).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (_, _, body) = caller.call("GET", &path, Value::Null).await;
    assert_eq!(body["result"]["status"], "revoked");
    assert_eq!(sealed_under(&node), before, "nothing under the new key reached it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_token_or_a_name_is_refused() {
    let world = World::new().await;
    let caller = Caller::new(&world).await;
    let hours = |hours| (jiff::Timestamp::now() + SignedDuration::from_hours(hours)).to_string();
    for body in [
        json!({ "uses": 0 }),
        json!({ "uses": "many" }),
        json!({ "name": "" }),
        json!({ "name": "line\nbreak" }),
        json!({ "expires_on": hours(-1) }),
        json!({ "expires_on": hours(24 * 400) }),
    ] {
        let (status, _, answer) = caller.call("POST", "/orangery/enrolment_tokens", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    let node = world.node().await;
    let row = world.until_node("connected", |row| row.state.connected).await;
    for body in [
        json!({ "name": null }),
        json!({ "name": "a b" }),
        json!({ "labels": { "": "x" } }),
        json!({ "labels": 1 }),
    ] {
        let (status, _, answer) =
            caller.call("PATCH", &format!("/orangery/nodes/{}", row.id), body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
    }
    let (status, _, _) =
        caller.call("DELETE", &format!("/orangery/nodes/{}", "0".repeat(32)), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    node.stop().await;
}
