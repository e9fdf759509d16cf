//! The API describes itself.

use crate::harness::{World, request};
use control_plane::api;
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

#[tokio::test]
async fn the_document_is_served_without_a_token_and_is_the_generated_one() {
    let world = World::new().await;
    let answer = world.send(request(Method::GET, "/orangery/openapi.json"), "").await;
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert_eq!(answer.body, serde_json::to_value(api::openapi()).unwrap());
}

/// What a page of the docs loads: the values of `src` and `href`.
fn loaded(html: &str) -> Vec<&str> {
    let after = ["src=\"", "href=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
    after.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn the_page_comes_from_here_alone_and_may_fetch_nothing_from_elsewhere() {
    let world = World::new().await;
    let get = async |path: &str| world.send(request(Method::GET, &format!("/orangery/{path}")), "").await;
    let missing = get("docs/nope").await;
    assert_eq!(missing.refused(), (404, 7003));
    assert!(missing.message().contains("/client/v4/orangery/docs/nope"), "{}", missing.message());
    assert_eq!(get("docs").await.header("location"), Some("/client/v4/orangery/docs/"));

    let page = get("docs/").await;
    let html = page.body["text"].as_str().unwrap();
    let parts = loaded(html);
    assert!(parts.contains(&"./swagger-ui-bundle.js") && parts.contains(&"../openapi.json"), "{parts:?}");
    for part in parts {
        let path = part.strip_prefix("../").map_or_else(|| part.replace("./", "docs/"), str::to_owned);
        let answer = get(&path).await;
        assert_eq!(answer.status, 200, "{part}");
        // Of Swagger UI's own code nothing is known but that the policy below holds for it.
        if ["./page.js", "./page.css"].contains(&part) {
            let text = answer.body["text"].as_str().unwrap();
            assert!(!text.contains("//") || !text.contains("http"), "{part} names another server");
        }
    }
    for path in ["docs/", "docs/page.js", "docs/swagger-ui-bundle.js"] {
        let answer = get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        for part in policy.split(';').map(str::trim) {
            let sources: Vec<_> = part.split(' ').skip(1).collect();
            let near = ["'none'", "'self'", "'unsafe-inline'", "data:"];
            assert!(sources.iter().all(|source| near.contains(source)), "{path}: {part}");
            let is_script = part.starts_with("script-src") || part.starts_with("default-src");
            assert!(!is_script || !part.contains("unsafe"), "{path}: {part}");
        }
        assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    }
}

#[test]
fn every_operation_says_what_it_takes_and_answers() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let text = document.to_string();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            let summary = operation["summary"].as_str().unwrap_or_else(|| panic!("{at}: no summary"));
            assert!(!summary.is_empty() && !summary.contains('\n'), "{at}: {summary}");
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
            for parameter in operation["parameters"].as_array().unwrap() {
                let name = &parameter["name"];
                assert!(parameter["description"].is_string(), "{at}: {name} is not described");
            }
            for (kind, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                let example = &content["example"];
                assert!(example.is_object(), "{at}: {kind} needs an example in api/docs/examples.rs");
            }
        }
    }
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap().replace("~1", "/");
        assert!(document["components"]["schemas"][&name].is_object(), "{name} is referred to and missing");
    }
}

#[test]
fn the_chapters_are_those_of_the_operations() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let used: BTreeSet<&str> = operations.map(|operation| operation["tags"][0].as_str().unwrap()).collect();
    let chapters = document["tags"].as_array().unwrap().iter();
    let told: BTreeSet<&str> = chapters
        .inspect(|tag| assert!(tag["description"].is_string(), "{tag}"))
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert_eq!(used, told, "api/docs/tags.rs lists the tags of operations");
}

#[test]
fn both_ways_of_calling_are_described_and_this_server_is_the_one_that_is_called() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["token"]["scheme"], "bearer");
    assert_eq!(
        (&schemes["auth_email"]["name"], &schemes["auth_key"]["name"]),
        (&json!("X-Auth-Email"), &json!("X-Auth-Key"))
    );
    assert_eq!(document["servers"], json!([{"url": "/", "description": "this server"}]));
    let security = &document["paths"]["/client/v4/zones"]["get"]["security"];
    assert_eq!(*security, json!([{"token": []}, {"auth_email": [], "auth_key": []}]));
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
