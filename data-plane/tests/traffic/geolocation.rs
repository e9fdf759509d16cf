//! `ip_geolocation`: origins are told the visitor's country, where the node has a database of them.

use crate::{
    harness::{HOST, Node, Plan},
    http1::{get, mirror, raw_on, site},
};
use std::{net::Ipv4Addr, path::PathBuf};
use tokio::net::TcpStream;

/// A database in MaxMind's format (version 2.0) that knows one network, written as its specification says.
fn database(network: Ipv4Addr, bits: u32, country: &str) -> Vec<u8> {
    let text = |text: &str| [&[0x40 | u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat();
    let map = |pairs: &[(&str, Vec<u8>)]| {
        let entries = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
        [vec![0xe0 | u8::try_from(pairs.len()).unwrap()], entries.collect()].concat()
    };
    let uint16 = |number: u16| [&[0xa2][..], &number.to_be_bytes()].concat();
    let uint32 = |number: u32| [&[0xc4][..], &number.to_be_bytes()].concat();

    // One node for each bit of the network: the way on or to the data on one side, nothing on the other.
    let mut tree = Vec::new();
    for bit in 0..bits {
        let on = if bit + 1 == bits { bits + 16 } else { bit + 1 };
        let one = u32::from(network) >> (31 - bit) & 1 == 1;
        for record in if one { [bits, on] } else { [on, bits] } {
            tree.extend_from_slice(&record.to_be_bytes()[1..]);
        }
    }
    let data = map(&[("country", map(&[("iso_code", text(country))]))]);
    let metadata = map(&[
        ("node_count", uint32(bits)),
        ("record_size", uint16(24)),
        ("ip_version", uint16(4)),
        ("database_type", text("Test-Country")),
        ("languages", vec![0, 4]),
        ("binary_format_major_version", uint16(2)),
        ("binary_format_minor_version", uint16(0)),
        ("build_epoch", [&[8, 2][..], &0_u64.to_be_bytes()].concat()),
        ("description", map(&[])),
    ]);
    [tree, vec![0; 16], data, b"\xab\xcd\xefMaxMind.com".to_vec(), metadata].concat()
}

/// A file that goes with the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("orangery-{:016x}.mmdb", getrandom::u64().unwrap()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What the origin reads if a visitor comes from this address, through a load balancer, and lies about the country.
async fn told(node: &Node, family: &str, visitor: &str, here: &str) -> Option<String> {
    let stream = TcpStream::connect(node.http).await.unwrap();
    let proxied = format!("PROXY {family} {visitor} {here} 51000 80\r\n");
    let lie = "cf-ipcountry: AQ\r\ncf-ipcountry: AX\r\n";
    let request = format!("{proxied}GET / HTTP/1.1\r\nhost: {HOST}\r\n{lie}connection: close\r\n\r\n");
    let answer = raw_on(stream, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && !answer.contains("aq\r\n"), "{answer}");
    let line = answer.split_once("cf-ipcountry: ")?.1;
    assert!(!line.contains("cf-ipcountry"), "once: {answer}");
    Some(line.split("\r\n").next().unwrap().to_owned())
}

#[tokio::test]
async fn origins_are_told_the_visitors_country_and_visitors_cannot_lie_about_it() {
    let countries = Temporary::new(&database(Ipv4Addr::new(203, 0, 113, 0), 24, "NZ"));
    let origin = mirror().await;
    let node = Node::start_with(|config| {
        config.geoip_database = Some(countries.0.clone());
        config.proxy_protocol_from = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    node.put(site(origin.port)).await;
    // The origin of these tests says everything back in small letters.
    assert_eq!(told(&node, "TCP4", "203.0.113.7", "192.0.2.1").await.as_deref(), Some("nz"));
    assert_eq!(told(&node, "TCP4", "203.0.114.7", "192.0.2.1").await.as_deref(), Some("xx"));
    assert_eq!(told(&node, "TCP6", "2001:db8::7", "2001:db8::1").await.as_deref(), Some("xx"));
    node.put(off(site(origin.port))).await;
    assert_eq!(told(&node, "TCP4", "203.0.113.7", "192.0.2.1").await, None);
}

fn off(plan: Plan) -> Plan {
    plan.settings(|settings| settings.ip_geolocation = false)
}

#[tokio::test]
async fn a_node_without_a_database_says_nothing_and_lets_nobody_else_say_it() {
    let origin = mirror().await;
    let node = Node::serving(site(origin.port)).await;
    let answer = get(&node, "cf-ipcountry: AQ\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && !answer.contains("cf-ipcountry"), "{answer}");
}
