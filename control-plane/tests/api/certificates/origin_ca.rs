use super::{
    made::{der, params, verifies},
    support::{download, dump, now},
};
use crate::harness::World;
use control_plane::certificates::{authority::SubjectName, origin_ca::issue_for_dev};
use http::Method;
use policy::hostname::Hostname;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

/// A request for names that must not matter: what is asked beside it decides.
fn csr(key: &KeyPair) -> String {
    params(&["ignored.example"]).serialize_request(key).unwrap().pem().unwrap()
}

fn order(hostnames: &[&str]) -> Value {
    json!({
        "csr": csr(&KeyPair::generate().unwrap()), "hostnames": hostnames, "request_type": "origin-ecc", "requested_validity": 90
    })
}

async fn origin_ca(world: &World) -> Vec<u8> {
    der(&download(world, "/orangery/ca/origin.pem").await)
}

#[tokio::test]
async fn an_order_is_answered_with_a_certificate_in_the_shape_that_clients_know() {
    let world = World::new().await;
    world.zone("example.com").await;
    let order = order(&["example.com", "*.example.com"]);
    let signed = world.post("/certificates", order.clone()).await.ok();
    let id = signed["id"].as_str().unwrap();
    assert!(id.bytes().all(|byte| byte.is_ascii_digit()) && id.parse::<u128>().is_ok(), "{id}");
    assert_eq!(signed["expires_on"], "2027-02-18 12:00:00 +0000 UTC");
    for field in ["csr", "hostnames", "request_type", "requested_validity"] {
        assert_eq!(signed[field], order[field]);
    }
    assert_eq!(signed.get("revoked_at"), None);
    assert_eq!(world.get(&format!("/certificates/{id}")).await.ok(), signed);

    let (authority, leaf) = (origin_ca(&world).await, der(signed["certificate"].as_str().unwrap()));
    assert!(verifies(&authority, &leaf, "grpc.example.com"));
    assert!(!verifies(&authority, &leaf, "ignored.example"));
}

#[tokio::test]
async fn without_a_validity_a_certificate_lasts_fifteen_years() {
    let world = World::new().await;
    world.zone("example.com").await;
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let order = json!({ "csr": csr(&key), "hostnames": ["a.b.example.com"], "request_type": "origin-rsa" });
    let signed = world.post("/certificates", order).await.ok();
    assert_eq!(
        (&signed["requested_validity"], &signed["expires_on"]),
        (&json!(5475), &json!("2041-11-16 12:00:00 +0000 UTC"))
    );
}

#[tokio::test]
async fn names_outside_the_callers_zones_are_refused() {
    let world = World::new().await;
    world.zone("example.com").await;
    let them = world.tenant("them@example.org").await;
    world.call(&them, Method::POST, "/zones", Some(json!({ "name": "example.org" }))).await.ok();
    let many: Vec<String> = (0..101).map(|number| format!("h{number}.example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for hostnames in [
        &["example.org"][..],
        &["example.com", "example.org"],
        &["badexample.com"],
        &["com"],
        &["*.com"],
        &["192.0.2.1"],
        &["a b.example.com"],
        &[],
        &many,
    ] {
        let answer = world.post("/certificates", order(hostnames)).await;
        assert_eq!(answer.refused(), (400, 1010), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_filled_is_refused() {
    let world = World::new().await;
    world.zone("example.com").await;
    let good = order(&["example.com"]);
    let forged = {
        let mut lines: Vec<String> = good["csr"].as_str().unwrap().lines().map(str::to_owned).collect();
        let last = lines.len() - 2;
        let swapped = if lines[last].starts_with('A') { "B" } else { "A" };
        lines[last].replace_range(0..1, swapped);
        lines.join("\n")
    };
    for (field, value) in [
        ("csr", json!("hello")),
        ("csr", json!(forged)),
        ("csr", json!(null)),
        ("request_type", json!("origin-rsa")),
        ("request_type", json!("other")),
        ("requested_validity", json!(91)),
        ("requested_validity", json!(-1)),
        ("hostnames", json!("example.com")),
    ] {
        let mut order = good.clone();
        order[field] = value.clone();
        let answer = world.post("/certificates", order).await;
        assert_eq!(answer.refused(), (400, 1004), "{field} {value} {}", answer.body);
    }
}

#[tokio::test]
async fn the_list_is_of_one_zone_and_leaves_out_what_is_revoked() {
    let world = World::new().await;
    let (zone, other) = (world.zone("example.com").await, world.zone("example.net").await);
    let first = world.post("/certificates", order(&["www.example.com"])).await.ok();
    world.app.clock.advance(jiff::SignedDuration::from_secs(1));
    let second = world.post("/certificates", order(&["example.com", "example.net"])).await.ok();
    let list = async |query: String| world.get(&format!("/certificates?{query}")).await;
    assert_eq!(list(format!("zone_id={}", &zone[7..])).await.ok(), json!([second, first]));
    assert_eq!(list(format!("zone_id={}", &other[7..])).await.ok(), json!([second]));
    assert_eq!(list(format!("zone_id={}&page=2&per_page=1", &zone[7..])).await.ok(), json!([first]));
    assert_eq!(list(format!("zone_id={}&page=3&per_page=1", &zone[7..])).await.ok(), json!([]));
    assert_eq!(list(String::new()).await.refused(), (400, 1004));

    let path = format!("/certificates/{}", first["id"].as_str().unwrap());
    let revoked = world.delete(&path).await.ok();
    assert_eq!((&revoked["id"], &revoked["revoked_at"]), (&first["id"], &json!("2026-11-20T12:00:01Z")));
    assert_eq!(list(format!("zone_id={}", &zone[7..])).await.ok(), json!([second]));
    assert_eq!(world.get(&path).await.ok()["revoked_at"], "2026-11-20T12:00:01Z");
}

#[tokio::test]
async fn another_tenant_reaches_no_certificate() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    let signed = world.post("/certificates", order(&["example.com"])).await.ok();
    let path = format!("/certificates/{}", signed["id"].as_str().unwrap());
    let them = world.tenant("them@example.org").await;
    assert_eq!(world.call(&them, Method::GET, &path, None).await.refused(), (404, 1002));
    assert_eq!(world.call(&them, Method::DELETE, &path, None).await.refused(), (404, 1002));
    let list = format!("/certificates?zone_id={}", &zone[7..]);
    assert_eq!(world.call(&them, Method::GET, &list, None).await.refused(), (403, 10000));
    assert_eq!(world.get(&path).await.ok(), signed);
    for unknown in ["/certificates/12345", "/certificates/x", "/certificates/-1"] {
        assert_eq!(world.get(unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn the_sample_origin_gets_a_certificate_that_every_zone_trusts() {
    let world = World::new().await;
    let mut conn = world.app.pool.acquire().await.unwrap();
    let names = [
        SubjectName::Host(Hostname::parse("localhost").unwrap()),
        SubjectName::Address("127.0.0.1".parse().unwrap()),
    ];
    let made = issue_for_dev(&mut conn, &world.app.master_key, &names, now()).await.unwrap();
    let leaf = der(&made.chain);
    assert!(verifies(&origin_ca(&world).await, &leaf, "localhost"));
    assert!(verifies(&origin_ca(&world).await, &leaf, "127.0.0.1"));
    assert!(made.private_key.starts_with("-----BEGIN PRIVATE KEY-----"));
}

#[tokio::test]
async fn a_private_key_that_is_sent_along_is_neither_kept_nor_answered() {
    let world = World::new().await;
    world.zone("example.com").await;
    let key = KeyPair::generate().unwrap();
    let (request, secret) = (csr(&key), key.serialize_pem());
    let secret_line = secret.lines().nth(1).unwrap().to_owned();
    for text in [
        format!("{request}{secret}"),
        format!("{secret}{request}"),
        format!("{request}{}", secret.replace("-----BEGIN", "  -----BEGIN")),
        format!("{request}{}", secret.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
        format!("{request}{}", secret.replace("PRIVATE KEY", "SOMETHING ELSE")),
        format!("{request}{request}"),
        secret.replace("-----BEGIN ", "---- BEGIN ") + &request,
    ] {
        let mut order = order(&["example.com"]);
        order["csr"] = json!(text);
        let answer = world.post("/certificates", order).await;
        assert_eq!(answer.refused(), (400, 1004), "{text}");
        assert!(!answer.body.to_string().contains(&secret_line), "{}", answer.body);
    }
    assert!(!dump(&world).await.contains(&secret_line));
    assert_eq!(world.count("origin_ca_certificates").await, 0);
}
