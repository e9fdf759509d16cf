//! The caller, their accounts, and where the edge is.

use crate::harness::{World, request};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn the_caller_sees_themselves() {
    let world = World::new().await;
    let user = world.get("/user").await.ok();
    assert_eq!(user["email"], "admin@example.com");
    assert_eq!(
        (&user["organizations"], &user["betas"], &user["suspended"]),
        (&json!([]), &json!([]), &json!(false))
    );
}

#[tokio::test]
async fn accounts_are_listed_for_their_members_alone() {
    let world = World::new().await;
    let other = world.tenant("other@example.com").await;
    let listed = world.get("/accounts").await.ok();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["id"], world.admin.account.to_string());
    assert_eq!(listed[0]["settings"]["enforce_twofactor"], false);
    assert_eq!(world.get(&format!("/accounts/{}", world.admin.account)).await.ok(), listed[0]);
    assert_eq!(world.get(&format!("/accounts/{}", other.account)).await.refused(), (403, 9109));
    assert_eq!(world.get("/accounts?name=nobody").await.ok(), json!([]));
}

#[tokio::test]
async fn memberships_name_account_and_role() {
    let world = World::new().await;
    let memberships = world.get("/memberships").await.ok();
    assert_eq!(memberships[0]["roles"], json!(["administrator"]));
    assert_eq!(memberships[0]["account"]["id"], world.admin.account.to_string());
    assert_eq!(memberships[0]["status"], "accepted");
}

#[tokio::test]
async fn the_ranges_of_the_edge_need_no_token() {
    let world = World::new().await;
    let ips = world.send(request(Method::GET, "/ips"), "").await.ok();
    assert_eq!(ips["ipv4_cidrs"], json!(["192.0.2.0/24"]));
    assert_eq!(ips["ipv6_cidrs"], json!(["2001:db8::/32"]));
    assert_eq!(ips["etag"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn lists_in_memory_end_too() {
    let world = World::new().await;
    for path in ["/accounts", "/memberships"] {
        let answer = world.get(&format!("{path}?page=2&per_page=5")).await;
        assert_eq!(
            answer.body["result_info"],
            json!({"page": 2, "per_page": 5, "count": 0, "total_count": 1, "total_pages": 1})
        );
        assert_eq!(answer.ok(), json!([]));
    }
}
