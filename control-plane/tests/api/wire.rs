//! The envelope on every answer, whatever was asked.

use crate::harness::{World, request};
use http::{Method, Request, header};
use serde_json::json;

#[tokio::test]
async fn unknown_paths_are_7003_and_7000() {
    let world = World::new().await;
    for path in [
        "/nope",
        "/zones/not-an-id",
        "/zones/ABCDEF0123456789ABCDEF0123456789",
        "/accounts/x",
        "/zones/%00/settings",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.refused(), (404, 7003), "{path}");
        assert!(answer.message().contains("perhaps your object identifier is invalid?"), "{}", answer.body);
        assert_eq!(answer.body["errors"][1], json!({"code": 7000, "message": "No route for that URI"}));
    }
    let outside = world.send(Request::builder().uri("/elsewhere"), "").await;
    assert_eq!(outside.refused(), (404, 7003));
}

#[tokio::test]
async fn wrong_methods_are_405_in_the_envelope() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    for (method, path) in
        [(Method::PUT, "/zones"), (Method::POST, "/ips"), (Method::DELETE, &format!("{zone}/dns_records"))]
    {
        assert_eq!(world.call(&world.admin, method, path, None).await.refused(), (405, 10405), "{path}");
    }
}

#[tokio::test]
async fn sloppy_slashes_lead_to_the_same_place() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.admin.token);
    for path in ["/client/v4//zones", "//client/v4/zones/", "/client//v4/zones//?page=1"] {
        let request = Request::builder().uri(path).header(header::AUTHORIZATION, &bearer);
        assert_eq!(world.send(request, "").await.ok(), json!([]), "{path}");
    }
}

#[tokio::test]
async fn bodies_are_read_whatever_their_content_type() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.admin.token);
    for (number, content_type) in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/json")]
            .into_iter()
            .enumerate()
    {
        let mut request = request(Method::POST, "/zones").header(header::AUTHORIZATION, &bearer);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let name = format!("zone{number}.example");
        assert_eq!(world.send(request, json!({"name": name}).to_string()).await.ok()["name"], name);
    }
}

#[tokio::test]
async fn every_answer_has_a_ray_of_its_own() {
    let world = World::new().await;
    let (first, second) = (world.get("/zones").await, world.get("/zones").await);
    assert_ne!(first.header("cf-ray"), second.header("cf-ray"));
}

#[tokio::test]
async fn a_busy_database_is_503_and_says_when_to_return() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let mut blocker = world.app.pool.begin().await.unwrap();
    sqlx::query("select from zones for update").execute(&mut *blocker).await.unwrap();
    let answer = world.patch(&zone, json!({"paused": true})).await;
    assert_eq!(answer.refused(), (503, 10503));
    assert_eq!(answer.header("retry-after"), Some("1"));
    blocker.rollback().await.unwrap();
    assert!(world.patch(&zone, json!({"paused": true})).await.status.is_success());
}

#[tokio::test]
async fn a_broken_database_is_500_without_inviting_retries() {
    let world = World::new().await;
    world.zone("example.com").await;
    sqlx::query("alter table zones rename column paused to hidden").execute(&world.app.pool).await.unwrap();
    let answer = world.get("/zones").await;
    assert_eq!(answer.refused(), (500, 10000));
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(answer.message(), "internal error");
}
