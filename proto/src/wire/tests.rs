use super::*;
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
    id::{AccountId, CertificateId, FleetKeyId},
    origin::{OriginProtocol, OriginSettings},
    record::{Name, Target},
    settings::{
        Cipher, Ciphers, Edge, Hsts, MaxUpload, MinTlsVersion, OriginMaxHttpVersion, OriginStreams,
        ProxyReadTimeout, SecurityHeader, Settings, VisitorTls,
    },
    ssl::SslMode,
    zone::Names,
};

fn host(text: &str) -> Hostname {
    Hostname::parse_pattern(text).expect("a name")
}

fn names() -> Vec<(Hostname, Name)> {
    let addresses =
        vec!["192.0.2.1".parse().expect("an address"), "2001:db8::1".parse().expect("an address")];
    let origin = OriginSettings {
        port: Some(8443),
        protocol: OriginProtocol::Grpcs,
        sni: Some(host("inner.example.org")),
        host_header: Some("inner:8443".to_owned()),
    };
    vec![
        (host("api.example.org"), Name::Proxied { target: Target::Addresses(addresses.clone()), origin }),
        (host("*.example.org"), Name::DnsOnly(Target::Cname(host("elsewhere.test")))),
        (
            host("plain.example.org"),
            Name::Proxied { target: Target::Addresses(addresses), origin: OriginSettings::default() },
        ),
        (host("mail.example.org"), Name::Empty),
    ]
}

fn zone() -> Zone {
    let name = host("example.org");
    Zone {
        id: ZoneId::from_bytes([1; 16]),
        account: AccountId::from_bytes([2; 16]),
        names: Names::new(name.clone(), names()),
        name,
        paused: true,
        settings: Settings {
            edge: Edge::new(SslMode::Strict, true).expect("a valid pair"),
            http2: true,
            websockets: false,
            visitor_tls: VisitorTls::new(
                MinTlsVersion::V1_2,
                false,
                true,
                Ciphers::new([Cipher::EcdheRsaAes128GcmSha256]).expect("one"),
            )
            .expect("a version is left"),
            always_use_https: true,
            security_header: SecurityHeader {
                hsts: Some(Hsts { max_age_seconds: 3600, include_subdomains: true, preload: true }),
                nosniff: true,
            },
            max_upload: MaxUpload::from_megabytes(0).expect("in range"),
            proxy_read_timeout: ProxyReadTimeout::from_seconds(6000).expect("in range"),
            origin_max_http_version: OriginMaxHttpVersion::Http2,
            origin_h2_max_streams: OriginStreams::new(1).expect("in range"),
            true_client_ip_header: true,
            ip_geolocation: false,
        },
        certificates: vec![Certificate {
            id: CertificateId::from_bytes([3; 16]),
            hosts: vec![host("example.org"), host("*.example.org")],
            chain: vec![vec![4; 700], vec![5; 600]],
            key: SealedKey { fleet_key: FleetKeyId::from_bytes([6; 16]), ciphertext: vec![7; 180] },
            not_after_unix: 1_900_000_000,
        }],
        trust_store: Some(ObjectHash([8; 32])),
    }
}

fn altered(alter: impl FnOnce(&mut v1::Document)) -> Result<Content, DecodeError> {
    let mut document = v1::Document::decode(encode_zone(&zone()).expect("small")).expect("a document");
    alter(&mut document);
    decode(&document.encode_to_vec()).expect("a document").content
}

fn altered_zone(alter: impl FnOnce(&mut v1::Zone)) -> Result<Content, DecodeError> {
    altered(|document| {
        let Some(v1::document::Body::Zone(zone)) = &mut document.body else { panic!("a zone") };
        alter(zone);
    })
}

fn settings(zone: &mut v1::Zone) -> &mut v1::Settings {
    zone.settings.as_mut().expect("settings")
}

fn carriage(zone: &mut v1::Zone) -> &mut v1::Carriage {
    settings(zone).carriage.as_mut().expect("chosen")
}

/// A control plane of before these settings sends the same, and its nodes understand it.
#[test]
fn settings_that_were_never_changed_are_absent_and_come_back_as_their_defaults() {
    let zone = Zone { settings: Settings::default(), ..zone() };
    let bytes = encode_zone(&zone).expect("small");
    let document = v1::Document::decode(bytes.clone()).expect("a document");
    assert_eq!(document.features, ["sealed-key.1", "zone.1"]);
    assert_eq!(decode(&bytes).expect("a document").content, Ok(Content::Zone(Box::new(zone))));
}

#[test]
fn a_zone_comes_back_as_it_was() {
    let document = decode(&encode_zone(&zone()).expect("small")).expect("a document");
    assert_eq!(document.key, format!("zone/{}", zone().id));
    assert_eq!(document.content, Ok(Content::Zone(Box::new(zone()))));
}

#[test]
fn equal_zones_are_equal_bytes() {
    let mut reversed = zone();
    reversed.names = Names::new(reversed.name.clone(), names().into_iter().rev());
    assert_eq!(encode_zone(&zone()), encode_zone(&reversed));
}

#[test]
fn a_trust_store_comes_back_and_must_match_its_hash() {
    let store = TrustStore::new(vec![vec![2; 9], vec![1; 9]]);
    let bytes = encode_trust_store(&store).expect("small");
    assert_eq!(decode(&bytes).expect("a document").content, Ok(Content::TrustStore(store)));
    let mut document = v1::Document::decode(bytes).expect("a document");
    document.key = DocumentKey::Object(ObjectHash([0; 32])).to_string();
    let content = decode(&document.encode_to_vec()).expect("a document").content;
    assert!(matches!(content, Err(DecodeError::Invalid { field, .. }) if field == "key"));
}

#[test]
fn removals_say_what_is_gone() {
    let id = ZoneId::from_bytes([1; 16]);
    let hash = ObjectHash([9; 32]);
    for (key, content) in [
        (DocumentKey::Zone(id), Content::ZoneRemoved(id)),
        (DocumentKey::Object(hash), Content::ObjectRemoved(hash)),
        (DocumentKey::Global("any".to_owned()), Content::OtherRemoved),
    ] {
        assert_eq!(decode(&encode_removed(&key)).expect("a document").content, Ok(content));
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

#[test]
fn a_document_that_could_not_be_made_is_an_error_and_no_removal() {
    let document =
        decode(&encode_broken(&DocumentKey::Zone(ZoneId::from_bytes([1; 16])))).expect("a document");
    assert!(matches!(document.content, Err(DecodeError::Invalid { field, .. }) if field == "body"));
}

#[test]
fn what_a_newer_control_plane_says_is_never_guessed() {
    let newer = [
        altered(|document| document.features.push("waf.1".to_owned())),
        altered(|document| document.body = None),
        altered(|document| document.key = "route/1".to_owned()),
        altered_zone(|zone| settings(zone).ssl = 9),
        altered_zone(|zone| settings(zone).ssl = 0),
        altered_zone(|zone| settings(zone).min_tls_version = 9),
        altered_zone(|zone| settings(zone).origin_max_http_version = 9),
        altered_zone(|zone| zone.names[0].exposure = None),
        altered_zone(|zone| settings(zone).visitor_tls.as_mut().expect("chosen").ciphers.push(0x0005)),
    ];
    for content in newer {
        assert!(matches!(content, Err(DecodeError::NeedsNewerNode(_))), "{content:?}");
    }
}

#[test]
fn errors_name_the_field() {
    let cases = [
        (altered(|document| document.key = format!("zone/{}", "f".repeat(32))), "id"),
        (altered_zone(|zone| zone.name = "-".to_owned()), "name"),
        (altered_zone(|zone| zone.settings = None), "settings"),
        (altered_zone(|zone| settings(zone).ssl = 1), "settings.grpc"),
        (altered_zone(|zone| settings(zone).min_tls_version = 4), "settings.visitor_tls"),
        (
            altered_zone(|zone| settings(zone).visitor_tls.as_mut().expect("chosen").ciphers.clear()),
            "settings.visitor_tls.ciphers",
        ),
        (
            altered_zone(|zone| carriage(zone).max_upload_megabytes = 70_000),
            "settings.carriage.max_upload_megabytes",
        ),
        (
            altered_zone(|zone| carriage(zone).proxy_read_timeout_seconds = 0),
            "settings.carriage.proxy_read_timeout_seconds",
        ),
        (
            altered_zone(|zone| carriage(zone).origin_h2_max_streams = 0),
            "settings.carriage.origin_h2_max_streams",
        ),
        (altered_zone(|zone| zone.names[1].host = "other.test".to_owned()), "names[1].host"),
        (
            altered_zone(|zone| zone.certificates[0].hosts[0] = "other.test".to_owned()),
            "certificates[0].hosts",
        ),
        (altered_zone(|zone| zone.certificates[0].key = None), "certificates[0].key"),
        (altered_zone(|zone| zone.certificates[0].chain.clear()), "certificates[0].chain"),
        (altered_zone(|zone| zone.trust_store = Bytes::from_static(b"short")), "trust_store"),
    ];
    for (content, expected) in cases {
        assert!(
            matches!(&content, Err(DecodeError::Invalid { field, .. }) if field == expected),
            "{expected}: {content:?}"
        );
    }
}

#[test]
fn a_zone_that_is_too_large_is_not_published() {
    let mut large = zone();
    large.certificates[0].chain.push(vec![0; DOCUMENT_BYTES_MAX]);
    assert!(encode_zone(&large).is_err());
}
