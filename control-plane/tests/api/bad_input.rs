//! Whatever is sent, the answer has the right shape and nothing is half written.

use crate::harness::{World, request};
use http::{Method, header};
use serde_json::json;

/// Everything that takes a body, below a zone with one record, and a body that it would accept.
fn writes(zone: &str, record: &str) -> Vec<(Method, String, serde_json::Value)> {
    vec![
        (Method::POST, "/zones".into(), json!({"name": "new.example"})),
        (Method::PATCH, zone.to_owned(), json!({"paused": true})),
        (Method::PATCH, format!("{zone}/settings"), json!({"items": [{"id": "http2", "value": "off"}]})),
        (Method::PATCH, format!("{zone}/settings/http2"), json!({"value": "off"})),
        (
            Method::POST,
            format!("{zone}/flags/products/protocols/changes"),
            json!({"feature": "gRPC", "value": true}),
        ),
        (
            Method::POST,
            format!("{zone}/dns_records"),
            json!({"type": "A", "name": "b", "content": "192.0.2.1"}),
        ),
        (
            Method::POST,
            format!("{zone}/dns_records/batch"),
            json!({"posts": [{"type": "A", "name": "c", "content": "192.0.2.1"}]}),
        ),
        (
            Method::PUT,
            format!("{zone}/dns_records/{record}"),
            json!({"type": "A", "name": "d", "content": "192.0.2.1"}),
        ),
        (Method::PATCH, format!("{zone}/dns_records/{record}"), json!({"comment": "x"})),
    ]
}

async fn world() -> (World, Vec<(Method, String, serde_json::Value)>) {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let record = world.record(&zone, json!({"type": "A", "name": "a", "content": "192.0.2.1"})).await;
    let writes = writes(&zone, record["id"].as_str().unwrap());
    (world, writes)
}

#[tokio::test]
async fn malformed_bodies_are_refused_everywhere_and_change_nothing() {
    let (world, writes) = world().await;
    let bearer = format!("Bearer {}", world.admin.token);
    let deep = "[".repeat(10_000);
    for (method, path, good) in &writes {
        let mut nul = good.clone();
        nul["unknown"] = json!(["\0"]);
        let nul = nul.to_string();
        for body in [
            "",
            "{",
            "[]",
            "null",
            "\"x\"",
            "{\"a\":1}}",
            "{\"a\":\u{1}}",
            "nul\0",
            deep.as_str(),
            nul.as_str(),
        ] {
            let request = request(method.clone(), path).header(header::AUTHORIZATION, &bearer);
            let answer = world.send(request, body.to_owned()).await;
            assert_eq!(answer.refused(), (400, 6007), "{method} {path} {body:.60}");
        }
        let request = request(method.clone(), path).header(header::AUTHORIZATION, &bearer);
        assert_eq!(
            world.send(request, vec![0xff, 0xfe, b'{']).await.refused(),
            (400, 6007),
            "{method} {path}"
        );
    }
    assert_eq!(
        (world.count("revisions").await, world.count("records").await, world.count("zones").await),
        (2, 1, 1)
    );
}

#[tokio::test]
async fn huge_bodies_are_refused_without_reading_them_all() {
    let (world, writes) = world().await;
    let bearer = format!("Bearer {}", world.admin.token);
    let huge = vec![b' '; 8 * 1024 * 1024 + 1];
    for (method, path, _) in &writes {
        let request = request(method.clone(), path).header(header::AUTHORIZATION, &bearer);
        let answer = world.send(request, huge.clone()).await;
        assert_eq!(answer.refused(), (413, 6008), "{method} {path}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_pointed_out() {
    let (world, writes) = world().await;
    for (method, path, good) in &writes {
        for (field, value) in good.as_object().unwrap() {
            let wrong = if value.is_array() { json!(7) } else { json!([["x"]]) };
            let mut body = good.clone();
            body[field] = wrong;
            let answer = world.call(&world.admin, method.clone(), path, Some(body)).await;
            let (status, code) = answer.refused();
            assert!(
                status == 400 && [1004, 1007].contains(&code),
                "{method} {path} {field}: {}",
                answer.body
            );
            if code == 1004 {
                assert_eq!(
                    answer.body["errors"][0]["source"]["pointer"],
                    format!("/{field}"),
                    "{method} {path}"
                );
            }
        }
    }
    assert_eq!(world.count("revisions").await, 2);
}

#[tokio::test]
async fn what_was_refused_is_accepted_when_it_is_right() {
    let (world, writes) = world().await;
    for (method, path, good) in writes {
        let answer = world.call(&world.admin, method.clone(), &path, Some(good)).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_mistake_inside_a_batch_is_pointed_at() {
    let (world, writes) = world().await;
    let (method, path, _) = writes.into_iter().find(|(_, path, _)| path.ends_with("/batch")).unwrap();
    let body = json!({"posts": [{"type": "A", "name": "b", "content": "192.0.2.1"}, {"type": "A", "name": "c", "content": "192.0.2.1", "proxied": 7}]});
    let answer = world.call(&world.admin, method, &path, Some(body)).await;
    assert_eq!(answer.refused(), (400, 1004));
    assert_eq!(answer.body["errors"][0]["source"]["pointer"], "/posts/1/proxied");
}
