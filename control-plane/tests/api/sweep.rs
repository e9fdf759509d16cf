//! No operation of the API answers without a valid token, but for those that are meant to.

use crate::harness::{World, request};
use control_plane::api;
use http::Method;
use serde_json::Value;

/// What everybody may call.
const PUBLIC: [(&str, &str); 5] = [
    ("get", "/client/v4/ips"),
    ("get", "/client/v4/orangery/ca"),
    ("get", "/client/v4/orangery/ca/edge.pem"),
    ("get", "/client/v4/orangery/ca/origin.pem"),
    ("get", "/client/v4/orangery/settings"),
];

/// Method and path template of every operation, and whether its description asks for a token.
fn operations() -> Vec<(String, String, bool)> {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap();
            operations.push((
                method.clone(),
                path.clone(),
                !security.iter().any(|way| way.as_object().unwrap().is_empty()),
            ));
        }
    }
    operations
}

fn filled(template: &str) -> String {
    let fill = |segment: &str| if segment.starts_with('{') { "0".repeat(32) } else { segment.to_owned() };
    template.trim_start_matches("/client/v4").split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn nothing_answers_without_a_valid_token() {
    let world = World::new().await;
    let operations = operations();
    assert!(operations.len() > 30, "{}", operations.len());
    for (method, path, is_closed) in operations {
        let is_public = PUBLIC.contains(&(method.as_str(), path.as_str()));
        assert_eq!(is_closed, !is_public, "{method} {path}");
        let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let without = world.send(request(verb.clone(), &filled(&path)), "{}").await;
        let wrong = request(verb, &filled(&path)).header("authorization", "Bearer wrong-token");
        let wrong = world.send(wrong, "{}").await;
        if is_public {
            assert!(
                without.status.is_success() && wrong.status.is_success(),
                "{method} {path}: {}",
                without.body
            );
        } else {
            assert_eq!(without.refused(), (400, 9106), "{method} {path}");
            assert!([(403, 9109), (401, 1000)].contains(&wrong.refused()), "{method} {path}: {}", wrong.body);
        }
    }
}

/// A stranger with a valid token gets nothing out of ids that are not theirs.
#[tokio::test]
async fn no_id_that_is_not_ones_own_is_answered() {
    let world = World::new().await;
    let stranger = world.tenant("stranger@example.com").await;
    for (method, path, is_closed) in operations() {
        if !is_closed || !path.contains('{') {
            continue;
        }
        let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = world.call(&stranger, verb, &filled(&path), Some(serde_json::json!({}))).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {} {}", answer.status, answer.body);
        answer.refused();
    }
}
