//! How often a caller may ask, and what one hears who asked too often.

use crate::harness::{Answer, World, request};
use control_plane::{
    api::{Peer, RateLimit},
    db::callers::{self, Owner},
};
use http::Method;
use jiff::SignedDuration;
use serde_json::json;

async fn world(requests: u32) -> World {
    let mut world = World::new().await;
    world.app.rate_limit = RateLimit::new(requests);
    world
}

async fn with_token(world: &World, token: &str, address: &str) -> Answer {
    let peer = Peer(format!("{address}:4711").parse().unwrap());
    let request =
        request(Method::GET, "/user/tokens/verify").header("authorization", format!("Bearer {token}"));
    world.send(request.extension(peer), "").await
}

#[tokio::test]
async fn twelve_hundred_requests_pass_and_the_next_is_971_until_one_comes_back() {
    let world = world(1200).await;
    let zone = world.zone("example.com").await;
    for left in (0..1199).rev() {
        let answer = world.get("/user/tokens/verify").await;
        let (limit, policy) = (answer.header("ratelimit"), answer.header("ratelimit-policy"));
        let spent_seconds = f64::from(1200 - left) / 4.0;
        assert_eq!(limit, Some(format!("\"default\";r={left};t={}", spent_seconds.ceil()).as_str()));
        assert_eq!(policy, Some("\"default\";q=1200;w=300"));
        answer.ok();
    }
    let refused = world.patch(&zone, json!({"paused": true})).await;
    assert_eq!(refused.refused(), (429, 971));
    assert_eq!(refused.message(), "Please wait and consider throttling your request speed");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("ratelimit"), Some("\"default\";r=0;t=300"));
    assert_eq!(refused.header("x-should-retry"), None, "a retry is what it is about");
    assert_eq!(world.count("revisions").await, 1, "nothing was done");
    world.app.clock.advance(SignedDuration::from_millis(250));
    world.patch(&zone, json!({"paused": true})).await.ok();
    assert_eq!(world.get("/zones").await.refused(), (429, 971));
}

#[tokio::test]
async fn each_token_and_each_global_key_has_a_bucket_of_its_own() {
    let world = world(2).await;
    let key = callers::create_api_key(&world.app.pool, &world.actor(), world.admin.user).await.unwrap();
    let other = world.token(Owner::Account(world.admin.account)).await;
    for path in ["/zones", "/nowhere-but-authenticated", "/zones"] {
        world.get(path).await;
    }
    assert_eq!(world.get("/zones").await.refused(), (429, 971));
    let account = world.admin.account;
    let verify = request(Method::GET, &format!("/accounts/{account}/tokens/verify"));
    world.send(verify.header("authorization", format!("Bearer {other}")), "").await.ok();
    for (email, expected) in
        [("admin@example.com", 200), ("Admin@Example.com", 200), ("ADMIN@example.com", 429)]
    {
        let request = request(Method::GET, "/zones").header("x-auth-email", email).header("x-auth-key", &key);
        assert_eq!(world.send(request, "").await.status, expected, "{email}");
    }
}

#[tokio::test]
async fn who_is_over_the_limit_costs_no_question_to_the_database() {
    let world = world(1).await;
    world.get("/zones").await.ok();
    sqlx::query("alter table tokens rename to hidden").execute(&world.app.pool).await.unwrap();
    assert_eq!(world.get("/zones").await.refused(), (429, 971));
    world.app.clock.advance(SignedDuration::from_mins(5));
    assert_eq!(world.get("/zones").await.refused(), (500, 10000), "the table is asked again");
}

#[tokio::test]
async fn guessing_is_slowed_by_address_and_holds_up_nobody_whose_token_is_valid() {
    let world = world(3).await;
    let (here, elsewhere) = ("192.0.2.1", "192.0.2.2");
    with_token(&world, &world.admin.token, here).await.ok();
    for guess in 0..3 {
        assert_eq!(with_token(&world, &format!("guess-{guess}"), here).await.refused(), (401, 1000));
    }
    let slowed = with_token(&world, "guess-3", here).await;
    assert_eq!((slowed.refused(), slowed.header("retry-after")), ((429, 971), Some("100")));
    assert_eq!(slowed.header("ratelimit"), None, "nobody was let in");
    with_token(&world, &world.admin.token, here).await.ok();
    assert_eq!(with_token(&world, "guess-3", elsewhere).await.refused(), (401, 1000));
    let new = world.token(Owner::User(world.admin.user)).await;
    with_token(&world, &new, here).await.ok();
    world.app.clock.advance(SignedDuration::from_secs(100));
    assert_eq!(with_token(&world, "guess-3", here).await.refused(), (401, 1000));
}

#[tokio::test]
async fn one_network_of_ipv6_is_one_address() {
    let world = world(1).await;
    for (address, expected) in [
        ("[2001:db8::1]", (401, 1000)),
        ("[2001:db8::ffff:2]", (429, 971)),
        ("[2001:db8:0:1::1]", (401, 1000)),
    ] {
        assert_eq!(with_token(&world, "guess", address).await.refused(), expected, "{address}");
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_counts_as_a_guess() {
    let world = world(2).await;
    world.get("/zones").await.ok();
    sqlx::query("update tokens set status = 'disabled'").execute(&world.app.pool).await.unwrap();
    let statuses = [world.get("/zones").await, world.get("/zones").await, world.get("/zones").await];
    assert_eq!(statuses.map(|answer| answer.refused()), [(403, 9109), (403, 9109), (429, 971)]);
}

#[tokio::test]
async fn what_everybody_may_ask_is_not_counted_and_zero_means_no_limit() {
    let limited = world(1).await;
    for _ in 0..3 {
        let answer = limited.get("/ips").await;
        assert_eq!(answer.header("ratelimit"), None);
        answer.ok();
    }
    let free = world(0).await;
    for _ in 0..3 {
        let answer = free.get("/zones").await;
        assert_eq!(answer.header("ratelimit-policy"), None);
        answer.ok();
    }
}
