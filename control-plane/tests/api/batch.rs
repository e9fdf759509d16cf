//! Many operations, one change.

use crate::harness::World;
use serde_json::{Value, json};

fn a(name: &str, content: &str) -> Value {
    json!({"type": "A", "name": name, "content": content})
}

#[tokio::test]
async fn operations_run_as_deletes_patches_puts_posts_in_one_revision() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (gone, patched, put) = (
        world.record(&zone, json!({"type": "CNAME", "name": "a", "content": "x.example.net"})).await,
        world.record(&zone, a("b", "192.0.2.1")).await,
        world.record(&zone, a("c", "192.0.2.1")).await,
    );
    let answer = world
        .post(
            &format!("{zone}/dns_records/batch"),
            json!({
                "posts": [a("a", "192.0.2.9")],
                "puts": [{"id": put["id"], "type": "A", "name": "c", "content": "192.0.2.2"}],
                "patches": [{"id": patched["id"], "ttl": 60}],
                "deletes": [{"id": gone["id"]}],
            }),
        )
        .await;
    assert_eq!(answer.header("orangery-revision"), Some("5"));
    let done = answer.ok();
    assert_eq!(done["deletes"][0]["content"], "x.example.net");
    assert_eq!(done["patches"][0]["ttl"], 60);
    assert_eq!(done["puts"][0]["content"], "192.0.2.2");
    assert_eq!(done["posts"][0]["name"], "a.example.com");
}

#[tokio::test]
async fn an_empty_batch_has_four_empty_lists() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": null})).await.ok();
    assert_eq!(done, json!({"deletes": [], "patches": [], "puts": [], "posts": []}));
    assert_eq!(world.count("revisions").await, 1);
}

#[tokio::test]
async fn the_first_mistake_undoes_everything() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let kept = world.record(&zone, a("a", "192.0.2.1")).await;
    let audited = world.count("audit").await;
    for (posts, refusal) in [
        (json!([a("b", "192.0.2.1"), a("b", "192.0.2.1")]), (400, 81058)),
        (
            json!([a("b", "192.0.2.1"), {"type": "CNAME", "name": "b", "content": "x.example.net"}]),
            (400, 81053),
        ),
        (json!([a("b", "192.0.2.1"), a("c", "nonsense")]), (400, 9005)),
        (
            json!([{"type": "CNAME", "name": "c", "content": "x.net"}, {"type": "CNAME", "name": "c", "content": "y.net"}]),
            (400, 81053),
        ),
    ] {
        let batch = json!({"deletes": [{"id": kept["id"]}], "posts": posts});
        assert_eq!(world.post(&format!("{zone}/dns_records/batch"), batch).await.refused(), refusal);
        assert_eq!(world.get(&format!("{zone}/dns_records")).await.ok(), json!([kept]));
    }
    let unknown = json!({"posts": [a("b", "192.0.2.1")], "deletes": [{"id": "nonsense"}]});
    assert_eq!(world.post(&format!("{zone}/dns_records/batch"), unknown).await.refused(), (404, 81044));
    assert_eq!(
        (world.count("records").await, world.count("revisions").await, world.count("audit").await),
        (1, 2, audited)
    );
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let posts: Vec<Value> = (0..3501).map(|number| a(&format!("r{number}"), "192.0.2.1")).collect();
    assert_eq!(
        world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await.refused(),
        (400, 1004)
    );
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts[1..]})).await.ok();
    assert_eq!(done["posts"].as_array().unwrap().len(), 3500);
}

#[tokio::test]
async fn a_record_of_another_zone_is_not_found() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.org").await);
    let record = world.record(&other, a("a", "192.0.2.1")).await;
    let batch = json!({"deletes": [{"id": record["id"]}]});
    assert_eq!(world.post(&format!("{zone}/dns_records/batch"), batch).await.refused(), (404, 81044));
}

#[tokio::test]
async fn posts_are_written_by_one_statement_and_come_back_as_single_ones_do() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let records = [
        json!({"type": "A", "name": "a", "content": "192.0.2.1", "proxied": true, "origin": {"port": 8443}}),
        json!({"type": "TXT", "name": "b", "content": "\"it's {a}, \\\\ and \u{fc}\"", "comment": "x, \"y\"", "tags": ["k:v,{w}", "NULL", "\u{fc}"]}),
        json!({"type": "MX", "name": "c", "content": "mail.example.com", "priority": 10, "ttl": 60}),
        json!({"type": "CNAME", "name": "d", "content": "x.example.net", "settings": {"flatten_cname": true}}),
    ];
    let done = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": records})).await.ok();
    assert_eq!(world.get(&format!("{zone}/dns_records")).await.ok(), done["posts"]);
    for (sent, got) in records.iter().zip(done["posts"].as_array().unwrap()) {
        for field in ["type", "content", "priority", "comment", "tags", "settings"] {
            assert!(sent.get(field).is_none() || sent[field] == got[field], "{field}: {sent} {got}");
        }
    }
    let statements: i64 = sqlx::query_scalar("select count(distinct (xmin::text, cmin::text)) from records")
        .fetch_one(&world.app.pool)
        .await
        .unwrap();
    assert_eq!(statements, 1);
}

#[tokio::test]
async fn of_several_mistakes_in_posts_the_first_is_refused() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let (twice, nonsense) = (a("a", "192.0.2.1"), a("c", "nonsense"));
    let cname = json!({"type": "CNAME", "name": "b", "content": "x.net"});
    let other = json!({"type": "CNAME", "name": "b", "content": "y.net"});
    for (posts, code) in [
        (json!([twice, twice, nonsense]), 81058),
        (json!([nonsense, twice, twice]), 9005),
        (json!([cname, other, twice, twice]), 81053),
        (json!([twice, twice, cname, other]), 81058),
        (json!([cname, cname]), 81058),
    ] {
        let answer = world.post(&format!("{zone}/dns_records/batch"), json!({"posts": posts})).await;
        assert_eq!(answer.refused(), (400, code), "{posts}");
    }
    assert_eq!(world.count("records").await, 0);
}
