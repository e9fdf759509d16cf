//! Nodes and enrolment tokens, as operators of the installation see them and nobody else.

use crate::harness::{World, request};
use control_plane::{
    db::{
        enrolment::{self, Applicant, Enrolment},
        nodes,
    },
    publish::keys::LinkKeys,
};
use http::{Method, StatusCode, header};
use policy::id::NodeId;
use proto::{enrolment_token::EnrolmentToken, identity::VerifyingKey};
use serde_json::{Value, json};

async fn world() -> World {
    let world = World::new().await;
    LinkKeys::ensure(&world.app.pool, &world.app.master_key, world.app.clock.now()).await.unwrap();
    world
}

async fn token(world: &World, uses: i64) -> (Value, EnrolmentToken) {
    let token = world.post("/orangery/enrolment_tokens", json!({"name": "rack 7", "uses": uses})).await.ok();
    let parsed = EnrolmentToken::parse(token["value"].as_str().unwrap()).unwrap();
    (token, parsed)
}

async fn enrol(world: &World, token: &EnrolmentToken, number: u8, name: &str) -> Enrolment {
    let applicant = Applicant {
        token: token.key.public(),
        signing_key: VerifyingKey([number; 32]),
        receiving_key: [number; 32],
        name,
        version: "1.0.0",
    };
    let id = NodeId::from_bytes([number; 16]);
    enrolment::enrol(&world.app.pool, &applicant, id, world.app.clock.now()).await.unwrap()
}

fn path(number: u8) -> String {
    format!("/orangery/nodes/{}", NodeId::from_bytes([number; 16]))
}

#[tokio::test]
async fn a_token_is_shown_once_and_the_database_cannot_give_it_away() {
    let world = world().await;
    let (made, parsed) = token(&world, 3).await;
    assert_eq!((&made["uses"], &made["used"], &made["name"]), (&json!(3), &json!(0), &json!("rack 7")));
    assert_eq!(parsed.addresses, ["control.example.com:9443"]);
    let listed = world.get("/orangery/enrolment_tokens").await.ok();
    assert_eq!((listed[0].get("value"), &listed[0]["id"]), (None, &made["id"]));
    let rows: Vec<String> =
        sqlx::query_scalar("select t::text from enrolment_tokens t union all select a::text from audit a")
            .fetch_all(&world.app.pool)
            .await
            .unwrap();
    let rows = rows.join("\n");
    assert!(rows.contains(&hex::encode(parsed.key.public().0)));
    assert!(!rows.contains(&hex::encode(parsed.key.expose())) && !rows.contains("orangery-enrol-v1"));
}

#[tokio::test]
async fn a_deleted_token_admits_nobody_and_its_nodes_stay() {
    let world = world().await;
    let (made, parsed) = token(&world, 3).await;
    assert!(matches!(enrol(&world, &parsed, 1, "").await, Enrolment::Enrolled { .. }));
    let path = format!("/orangery/enrolment_tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(world.delete(&path).await.status, StatusCode::OK);
    assert_eq!(world.delete(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(enrol(&world, &parsed, 2, "").await, Enrolment::UnknownToken);
    assert_eq!(world.get("/orangery/nodes").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn names_are_unique_and_a_taken_wish_gets_an_ending() {
    let world = world().await;
    let (_, parsed) = token(&world, 3).await;
    enrol(&world, &parsed, 1, "edge").await;
    let Enrolment::Enrolled { name, .. } = enrol(&world, &parsed, 2, "edge").await else {
        panic!("enrolled")
    };
    assert_eq!(name, "edge-02020202");
    let answer = world.patch(&path(2), json!({"name": "edge"})).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (StatusCode::BAD_REQUEST, &json!(1061)));
    let renamed = world.patch(&path(2), json!({"name": "edge-b", "labels": {"rack": "7"}})).await.ok();
    assert_eq!((&renamed["name"], &renamed["labels"]), (&json!("edge-b"), &json!({"rack": "7"})));
    let cleared = world.patch(&path(2), json!({"labels": null})).await.ok();
    assert_eq!((&cleared["name"], &cleared["labels"]), (&json!("edge-b"), &json!({})));
}

#[tokio::test]
async fn a_revoked_node_stays_in_the_list_and_cannot_come_back_with_its_keys() {
    let world = world().await;
    let (_, parsed) = token(&world, 3).await;
    enrol(&world, &parsed, 1, "edge").await;
    assert_eq!(world.get(&path(1)).await.ok()["status"], "away");
    assert_eq!(world.delete(&path(1)).await.status, StatusCode::OK);
    assert_eq!(world.delete(&path(1)).await.status, StatusCode::OK, "once more is no error");
    assert_eq!(world.get("/orangery/nodes").await.ok()[0]["status"], "revoked");
    assert_eq!(enrol(&world, &parsed, 1, "edge").await, Enrolment::Revoked);
    let mut conn = world.app.pool.acquire().await.unwrap();
    let member = nodes::member_by_key(&mut conn, VerifyingKey([1; 32])).await.unwrap().unwrap();
    assert!(member.revoked);
}

#[tokio::test]
async fn pages_of_nodes_end() {
    let world = world().await;
    let (_, parsed) = token(&world, 3).await;
    for number in 1..=3 {
        enrol(&world, &parsed, number, &format!("edge-{number}")).await;
    }
    let page = world.get("/orangery/nodes?page=2&per_page=2").await;
    assert_eq!(
        (&page.body["result"][0]["name"], &page.body["result_info"]["total_count"]),
        (&json!("edge-3"), &json!(3))
    );
    let past = world.get("/orangery/nodes?page=9&per_page=2").await;
    assert_eq!((&past.body["result"], &past.body["result_info"]["total_count"]), (&json!([]), &json!(3)));
}

#[tokio::test]
async fn tenants_who_do_not_operate_the_installation_see_nothing_of_it() {
    let world = world().await;
    let (made, parsed) = token(&world, 3).await;
    enrol(&world, &parsed, 1, "edge").await;
    let tenant = world.tenant("tenant@example.com").await;
    let deletion = format!("/orangery/enrolment_tokens/{}", made["id"].as_str().unwrap());
    for (method, path) in [
        (Method::GET, "/orangery/nodes".to_owned()),
        (Method::GET, path(1)),
        (Method::PATCH, path(1)),
        (Method::DELETE, path(1)),
        (Method::GET, "/orangery/enrolment_tokens".to_owned()),
        (Method::POST, "/orangery/enrolment_tokens".to_owned()),
        (Method::DELETE, deletion),
    ] {
        let request = request(method.clone(), &path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", tenant.token));
        let answer = world.send(request, "{}").await;
        let code = &answer.body["errors"][0]["code"];
        assert_eq!((answer.status, code), (StatusCode::FORBIDDEN, &json!(9109)), "{method} {path}");
    }
    assert_eq!(world.get(&path(1)).await.ok()["status"], "away");
}
