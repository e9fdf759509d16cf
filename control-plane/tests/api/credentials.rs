//! Who is let in, and what the others are told.

use crate::harness::{World, request};
use control_plane::db::callers::{self, NewToken, Owner};
use http::Method;
use jiff::SignedDuration;

async fn with(world: &World, headers: &[(&str, &str)]) -> crate::harness::Answer {
    let request = headers
        .iter()
        .fold(request(Method::GET, "/zones"), |request, (name, value)| request.header(*name, *value));
    world.send(request, "").await
}

#[tokio::test]
async fn each_kind_of_bad_credentials_is_told_apart() {
    let world = World::new().await;
    let key = "0123456789abcdef0123456789abcdef01234";
    for (headers, expected, chain) in [
        (&[] as &[_], (400, 9106), None),
        (&[("x-auth-email", "a@example.com")], (400, 9106), None),
        (&[("x-auth-key", key)], (400, 9106), None),
        (&[("authorization", "Bearer")], (400, 6003), Some(6111)),
        (&[("authorization", "Bearer ")], (400, 6003), Some(6111)),
        (&[("authorization", "Basic YTpi")], (400, 6003), Some(6111)),
        (&[("authorization", "Bearer a b")], (400, 6003), Some(6111)),
        (&[("x-auth-email", "a@example.com"), ("x-auth-key", "short")], (400, 6003), Some(6103)),
        (&[("x-auth-email", "a@example.com"), ("x-auth-key", key)], (403, 9103), None),
        (&[("authorization", "Bearer unknown-but-well-formed-000000000000000000")], (403, 9109), None),
    ] {
        let answer = with(&world, headers).await;
        assert_eq!(answer.refused(), expected, "{headers:?}");
        assert_eq!(answer.body["errors"][0]["error_chain"][0]["code"].as_i64(), chain, "{headers:?}");
    }
    let half = with(&world, &[("x-auth-email", "a@example.com")]).await;
    assert!(half.message().contains("X-Auth-Email came alone"), "{}", half.message());
}

#[tokio::test]
async fn a_token_verifies_itself_with_the_sentence_that_scripts_search() {
    let world = World::new().await;
    let answer = world.get("/user/tokens/verify").await;
    assert_eq!(answer.body["messages"][0]["message"], "This API Token is valid and active");
    assert_eq!(answer.ok()["status"], "active");
    let unknown = request(Method::GET, "/user/tokens/verify").header("authorization", "Bearer unknown");
    assert_eq!(world.send(unknown, "").await.refused(), (401, 1000));
}

#[tokio::test]
async fn a_token_of_an_account_verifies_at_its_account_alone() {
    let world = World::new().await;
    let account = world.admin.account;
    let token = world.token(Owner::Account(account)).await;
    let bearer = format!("Bearer {token}");
    let verify = async |path: String| {
        world.send(request(Method::GET, &path).header("authorization", &bearer), "").await
    };
    assert_eq!(verify(format!("/accounts/{account}/tokens/verify")).await.ok()["status"], "active");
    assert_eq!(verify("/user/tokens/verify".into()).await.refused(), (401, 1000));
    let other = world.tenant("other@example.com").await.account;
    assert_eq!(verify(format!("/accounts/{other}/tokens/verify")).await.refused(), (401, 1000));
    assert_eq!(verify("/user".into()).await.refused(), (403, 9109));
    assert_eq!(verify("/zones".into()).await.ok(), serde_json::json!([]));
}

#[tokio::test]
async fn a_token_works_in_its_time_only() {
    let world = World::new().await;
    let expires_on = Some(world.app.clock.now() + SignedDuration::from_hours(1));
    let token = NewToken { owner: Owner::User(world.admin.user), name: "short".into(), expires_on };
    let text = callers::create_token(&world.app.pool, &world.actor(), &token).await.unwrap();
    let bearer = format!("Bearer {text}");
    assert!(with(&world, &[("authorization", &bearer)]).await.status.is_success());
    world.app.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(with(&world, &[("authorization", &bearer)]).await.refused(), (403, 9109));
}

#[tokio::test]
async fn a_disabled_token_and_a_suspended_person_are_refused() {
    let world = World::new().await;
    sqlx::query("update tokens set status = 'disabled'").execute(&world.app.pool).await.unwrap();
    assert_eq!(world.get("/zones").await.refused(), (403, 9109));
    assert_eq!(world.get("/user/tokens/verify").await.refused(), (401, 1000));
    sqlx::query("update tokens set status = 'active'").execute(&world.app.pool).await.unwrap();
    assert!(world.get("/zones").await.status.is_success());
    sqlx::query("update users set suspended = true").execute(&world.app.pool).await.unwrap();
    assert_eq!(world.get("/zones").await.refused(), (403, 9109));
}

#[tokio::test]
async fn the_global_key_opens_and_a_token_beside_it_wins() {
    let world = World::new().await;
    let key = callers::create_api_key(&world.app.pool, &world.actor(), world.admin.user).await.unwrap();
    let pair = [("x-auth-email", "Admin@Example.com"), ("x-auth-key", key.as_str())];
    assert!(with(&world, &pair).await.status.is_success());
    let both = [pair[0], pair[1], ("authorization", "Bearer unknown-token")];
    assert_eq!(with(&world, &both).await.refused(), (403, 9109));
    let second = callers::create_api_key(&world.app.pool, &world.actor(), world.admin.user).await.unwrap();
    assert_ne!(key, second);
    assert_eq!(with(&world, &pair).await.refused(), (403, 9103));
}

#[tokio::test]
async fn no_token_is_kept_in_clear() {
    let world = World::new().await;
    let rows: Vec<String> =
        sqlx::query_scalar("select t::text from tokens t union all select a::text from audit a")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
    assert_eq!(world.admin.token.len(), 40);
    assert!(!rows.is_empty() && rows.iter().all(|row| !row.contains(&world.admin.token)));
}
