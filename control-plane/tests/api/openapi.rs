//! The API describes itself.

use crate::harness::{World, request};
use control_plane::api;
use http::{Method, Request};
use serde_json::Value;

#[tokio::test]
async fn the_document_is_served_without_a_token_and_is_the_generated_one() {
    let world = World::new().await;
    let answer = world.send(request(Method::GET, "/orangery/openapi.json"), "").await;
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert_eq!(answer.body, serde_json::to_value(api::openapi()).unwrap());
}

#[tokio::test]
async fn the_pages_come_from_here_alone() {
    let world = World::new().await;
    let redirect = world.send(request(Method::GET, "/orangery/docs"), "").await;
    assert_eq!(redirect.header("location"), Some("/client/v4/orangery/docs/"));
    let page = world.send(Request::builder().uri("/client/v4/orangery/docs/"), "").await;
    let html = page.body["text"].as_str().unwrap();
    assert!(html.contains("swagger-ui") && !html.contains("https://"), "{html}");
}

#[test]
fn every_operation_says_what_it_takes_and_answers() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let text = document.to_string();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{at}: no description"
            );
            assert!(operation["responses"]["200"].is_object(), "{at}: no answer");
            assert_eq!(
                operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"],
                "#/components/schemas/Failure",
                "{at}"
            );
            let named = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .count();
            assert_eq!(named, path.matches('{').count(), "{at}: ids");
        }
    }
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap().replace("~1", "/");
        assert!(document["components"]["schemas"][&name].is_object(), "{name} is referred to and missing");
    }
}
