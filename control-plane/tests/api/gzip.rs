//! Answers are compressed for those who accept it, and mean the same.

use crate::{
    bounds::{open, request},
    harness::World,
    limits::fill,
    serving::{over_http1, tcp},
};
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::{io::Read as _, net::SocketAddr};

/// Status, headers and bytes of an answer to somebody who accepts these codings.
async fn get(
    world: &World,
    address: SocketAddr,
    path: &str,
    accepted: &str,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let request = request(world, "GET", path).header("accept-encoding", accepted);
    let response = over_http1(tcp(address).await, request.body(Full::default()).unwrap()).await;
    let (head, body) = response.into_parts();
    (head.status, head.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn a_page_of_five_thousand_records_is_a_tenth_of_its_size_and_decodes_to_the_same() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    fill(&world, &zone, 5000, 10).await;
    let address = open(&world).await;
    let path = format!("{zone}/dns_records?per_page=5000");
    let (_, plain_headers, plain) = get(&world, address, &path, "identity").await;
    let (status, headers, zipped) = get(&world, address, &path, "gzip, deflate, br").await;
    assert_eq!((status, &headers["content-encoding"]), (StatusCode::OK, &"gzip".parse().unwrap()));
    assert_eq!(
        (&headers["vary"], &plain_headers["vary"]),
        (&"accept-encoding".parse().unwrap(), &"accept-encoding".parse().unwrap())
    );
    assert!(!plain_headers.contains_key("content-encoding"));
    assert!(zipped.len() * 10 < plain.len(), "{} of {} bytes", zipped.len(), plain.len());
    let (zipped, plain): (Value, Value) =
        (serde_json::from_slice(&unzipped(&zipped)).unwrap(), serde_json::from_slice(&plain).unwrap());
    assert_eq!((zipped["result"].as_array().unwrap().len(), &zipped), (5000, &plain));
}

#[tokio::test]
async fn small_answers_are_left_as_they_are() {
    let world = World::new().await;
    let (_, headers, body) = get(&world, open(&world).await, "/zones", "gzip").await;
    assert!(!headers.contains_key("content-encoding"), "{headers:?}");
    assert!(serde_json::from_slice::<Value>(&body).unwrap()["success"] == true);
}

#[tokio::test]
async fn who_takes_nothing_that_we_have_gets_a_plain_answer_and_no_406_after_the_deed() {
    let world = World::new().await;
    for (number, accepted) in ["br, *;q=0", "identity; q=0.0", "Identity;q=0, *;q=0"].iter().enumerate() {
        let request = crate::harness::request(http::Method::POST, "/zones")
            .header("authorization", format!("Bearer {}", world.admin.token))
            .header("accept-encoding", *accepted);
        let body = json!({"name": format!("zone{number}.example")}).to_string();
        assert_eq!(world.send(request, body).await.ok()["type"], "full", "{accepted}");
    }
}

#[tokio::test]
async fn the_etag_of_a_compressed_answer_is_another_one_and_as_good_for_a_write() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    fill(&world, &zone, 10, 10).await;
    let address = open(&world).await;
    let path = format!("{zone}/dns_records");
    let (_, plain, _) = get(&world, address, &path, "identity").await;
    let (_, zipped, _) = get(&world, address, &path, "gzip").await;
    assert_eq!(
        (&plain["etag"], &zipped["etag"]),
        (&"\"1\"".parse().unwrap(), &"\"1-gzip\"".parse().unwrap())
    );
    let patch = async |tag: &str| {
        let request = crate::harness::request(http::Method::PATCH, &zone)
            .header("authorization", format!("Bearer {}", world.admin.token))
            .header("if-match", tag);
        world.send(request, json!({"paused": true}).to_string()).await
    };
    assert_eq!(patch("\"0-gzip\"").await.refused(), (412, 10412));
    patch("\"1-gzip\"").await.ok();
    assert_eq!(patch("\"1-gzip\"").await.refused(), (412, 10412));
}

#[tokio::test]
async fn the_description_and_its_pages_are_compressed_too() {
    let world = World::new().await;
    let address = open(&world).await;
    for path in
        ["/orangery/openapi.json", "/orangery/docs/swagger-ui-bundle.js", "/orangery/docs/swagger-ui.css"]
    {
        let (_, plain_headers, plain) = get(&world, address, path, "identity").await;
        let (status, headers, zipped) = get(&world, address, path, "gzip").await;
        assert_eq!(
            (status, &headers["content-encoding"]),
            (StatusCode::OK, &"gzip".parse().unwrap()),
            "{path}"
        );
        assert_eq!(headers["content-type"], plain_headers["content-type"], "{path}");
        assert!(zipped.len() * 2 < plain.len() && unzipped(&zipped) == plain, "{path}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_told_how_to_send_it() {
    let world = World::new().await;
    let post = async |coding: &str| {
        let request = crate::harness::request(http::Method::POST, "/zones")
            .header("authorization", format!("Bearer {}", world.admin.token))
            .header("content-encoding", coding);
        world.send(request, json!({"name": "example.com"}).to_string()).await
    };
    let refused = post("gzip").await;
    assert_eq!((refused.refused(), refused.header("accept-encoding")), ((415, 10415), Some("identity")));
    post("identity").await.ok();
}
