//! Headers that a zone has added on either side: `true_client_ip_header` and `security_header`.

use crate::{
    harness::{HOST, Node, Plan},
    http1::{get, mirror, raw_tls, read_request, site},
    origins::{self, grpc_head, status, tcp},
    visitor::Visitor,
};
use policy::{
    settings::{Hsts, SecurityHeader},
    ssl::SslMode,
};
use tokio::io::AsyncWriteExt;

const STRICT: SecurityHeader = SecurityHeader {
    hsts: Some(Hsts { max_age_seconds: 31_536_000, include_subdomains: true, preload: true }),
    nosniff: true,
};
const STRICT_LINE: &str = "strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n";
const NOSNIFF_LINE: &str = "x-content-type-options: nosniff\r\n";

fn page(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\naccept: text/html\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn true_client_ip_tells_the_origin_who_calls_and_cannot_be_forged() {
    let origin = mirror().await;
    let forged = "true-client-ip: 6.6.6.6\r\n";
    let node = Node::serving(site(origin.port)).await;
    let off = get(&node, forged).await;
    assert!(off.starts_with("HTTP/1.1 200") && !off.contains("true-client-ip"), "{off}");
    node.put(site(origin.port).settings(|settings| settings.true_client_ip_header = true)).await;
    let on = get(&node, forged).await;
    assert!(on.contains("true-client-ip: 127.0.0.1\r\n") && !on.contains("6.6.6.6"), "{on}");
}

#[tokio::test]
async fn an_origin_that_reads_underscores_as_dashes_is_not_lied_to() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let lies = [
        "CF_Connecting_IP: 6.6.6.6\r\nTrue_Client_IP: 6.6.6.6\r\nX_Forwarded_Proto: 6.6.6.6\r\n",
        "X_Forwarded_For: 6.6.6.6\r\nCF_IPCountry: 6.6.6.6\r\nCF-Connecting-IPv6: 6.6.6.6\r\n",
    ];
    let answer = get(&node, &(lies.concat() + "user_id: 7\r\n")).await;
    assert!(answer.contains("cf-connecting-ip: 127.0.0.1\r\n") && answer.contains("user_id: 7"), "{answer}");
    assert!(!answer.contains("6.6.6.6"), "{answer}");
}

#[tokio::test]
async fn every_answer_over_https_carries_the_security_header_and_none_in_plain_text_does() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        let own = "strict-transport-security: max-age=1\r\nx-content-type-options: other\r\n";
        let answer = format!("HTTP/1.1 200 OK\r\n{own}content-length: 2\r\n\r\nhi");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let strict = |port| site(port).settings(|settings| settings.security_header = STRICT);
    let node = Node::serving(strict(origin.port)).await;
    let carried = raw_tls(&node, &page("/")).await;
    assert!(carried.contains(STRICT_LINE) && carried.contains(NOSNIFF_LINE), "{carried}");
    assert_eq!(carried.matches("max-age").count(), 1, "the zone's own word replaces the origin's: {carried}");
    let plain = get(&node, "").await;
    assert!(plain.contains("max-age=1\r\n") && !plain.contains("31536000"), "{plain}");

    node.put(strict(origins::refusing().await)).await;
    let refused = raw_tls(&node, &page("/")).await;
    assert!(refused.starts_with("HTTP/1.1 521") && refused.contains(STRICT_LINE), "{refused}");

    node.put(strict(origin.port).ssl(SslMode::Off)).await;
    let redirected = raw_tls(&node, &page("/")).await;
    assert!(
        redirected.starts_with("HTTP/1.1 301") && !redirected.contains("strict-transport"),
        "{redirected}"
    );
}

#[tokio::test]
async fn a_zone_without_a_security_header_leaves_the_origins_own() {
    let origin = tcp(|mut stream| async move {
        read_request(&mut stream).await;
        let answer = "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\ncontent-length: 2\r\n\r\nhi";
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let node = Node::serving(site(origin.port)).await;
    let carried = raw_tls(&node, &page("/")).await;
    assert!(carried.contains("max-age=1\r\n") && !carried.contains("nosniff"), "{carried}");
}

#[tokio::test]
async fn grpc_answers_are_left_alone() {
    let origin = origins::h2c(|_request, mut respond| async move {
        respond.send_response(grpc_head(), false).unwrap().send_trailers(status("0")).unwrap();
    })
    .await;
    let node =
        Node::serving(Plan::h2c(origin.port).settings(|settings| settings.security_header = STRICT)).await;
    let outcome = Visitor::by_tls(&node).await.hello().await;
    assert_eq!(outcome.grpc_status(), Some(0));
    assert_eq!(outcome.header("strict-transport-security"), "");
    node.put(Plan::h2c(origins::refusing().await).settings(|settings| settings.security_header = STRICT))
        .await;
    let refused = Visitor::by_tls(&node).await.hello().await;
    assert_eq!(refused.grpc_status(), Some(14));
    assert_eq!(
        (refused.header("strict-transport-security"), refused.header("x-content-type-options")),
        ("", "")
    );
}
