//! The API describes itself.

use crate::harness::{World, request};
use control_plane::api;
use http::{Method, Request};
use serde_json::Value;
use std::{fs, path::Path};

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
    let missing = world.send(request(Method::GET, "/orangery/docs/nope"), "").await;
    assert_eq!(missing.refused(), (404, 7003));
    assert!(missing.message().contains("/client/v4/orangery/docs/nope"), "{}", missing.message());
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
            let is_refused = operation["x-orangery-effect"] == "refused";
            assert_eq!(operation["responses"]["200"].is_object(), !is_refused, "{at}: no answer");
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

#[test]
fn operations_have_ids_of_their_own() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let items =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut ids: Vec<&str> = items.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// Schemas are named after their types without the path, so that of two with one name the document would lose one.
#[test]
fn no_two_types_in_the_document_have_one_name() {
    let mut names: Vec<String> = schemas(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let all = names.len();
    assert!(all > 20, "{all}");
    names.sort_unstable();
    let twice: Vec<_> =
        names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// The names of all types below a folder that derive `ToSchema`.
fn schemas(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            names.extend(schemas(&path));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for derived in text.split("ToSchema)]").skip(1) {
            let mut words = derived
                .split([' ', '\n', '<', '(', ';'])
                .skip_while(|word| !["struct", "enum"].contains(word));
            names.extend(words.nth(1).map(str::to_owned));
        }
    }
    names
}
