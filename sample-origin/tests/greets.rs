//! What a caller of the sample origin may rely on, over plaintext and over TLS.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use sample_origin::{
    Config, Error, GREETINGS_BYTES_MAX, KeyPair, REPLIES, Running, SampleOrigin, Tls,
    hello::{HelloRequest, hello_service_client::HelloServiceClient},
};
use tokio_stream::StreamExt;
use tonic::{
    Code, Request,
    metadata::MetadataValue,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn key_pair() -> KeyPair {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let made = rcgen::generate_simple_self_signed(["origin.test".to_string()]).unwrap();
    KeyPair { chain_pem: made.cert.pem(), key_pem: made.signing_key.serialize_pem() }
}

async fn plaintext() -> (Running, HelloServiceClient<Channel>) {
    let running = SampleOrigin::start(Config { h2c: Some(ANY), tls: None }).await.unwrap();
    let address = format!("http://{}", running.h2c_addr.unwrap());
    (running, HelloServiceClient::new(Endpoint::new(address).unwrap().connect().await.unwrap()))
}

fn hello(greeting: &str) -> HelloRequest {
    HelloRequest { greeting: greeting.into() }
}

#[tokio::test]
async fn a_greeting_is_answered() {
    let (_running, mut client) = plaintext().await;
    assert_eq!(client.say_hello(hello("Orangery")).await.unwrap().into_inner().reply, "hello Orangery");
}

#[tokio::test]
async fn tls_and_plaintext_are_served_at_once() {
    let key_pair = key_pair();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&key_pair.chain_pem))
        .domain_name("origin.test");
    let config = Config { tls: Some(Tls { listen: ANY, key_pair }), h2c: Some(ANY) };
    let running = SampleOrigin::start(config).await.unwrap();
    assert_ne!(running.tls_addr, running.h2c_addr);
    let endpoint = Endpoint::new(format!("https://{}", running.tls_addr.unwrap())).unwrap();
    let mut client = HelloServiceClient::new(endpoint.tls_config(tls).unwrap().connect().await.unwrap());
    assert_eq!(client.say_hello(hello("TLS")).await.unwrap().into_inner().reply, "hello TLS");
}

#[tokio::test]
async fn alpn_is_h2_and_a_client_that_wants_only_http_1_is_refused() {
    let key_pair = key_pair();
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(
        rustls::pki_types::pem::PemObject::pem_slice_iter(key_pair.chain_pem.as_bytes()).map(Result::unwrap),
    );
    let running =
        SampleOrigin::start(Config { tls: Some(Tls { listen: ANY, key_pair }), h2c: None }).await.unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let handshake = async |offered: &[u8]| {
        let mut config = config.clone();
        config.alpn_protocols = vec![offered.to_vec()];
        let stream = tokio::net::TcpStream::connect(running.tls_addr.unwrap()).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = rustls::pki_types::ServerName::try_from("origin.test").unwrap();
        let stream = connector.connect(name, stream).await?;
        Ok::<_, std::io::Error>(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(handshake(b"h2").await.unwrap(), Some(b"h2".to_vec()));
    assert!(handshake(b"http/1.1").await.is_err());
}

#[tokio::test]
async fn one_request_gets_ten_replies() {
    let (_running, mut client) = plaintext().await;
    let replies = client.lots_of_replies(hello("you")).await.unwrap().into_inner();
    let replies: Vec<_> = replies.map(|reply| reply.unwrap().reply).collect().await;
    assert_eq!(replies, vec!["hello you"; REPLIES]);
}

#[tokio::test]
async fn many_greetings_get_one_reply() {
    let (_running, mut client) = plaintext().await;
    let greetings = tokio_stream::iter(["you", "and you"].map(hello));
    assert_eq!(client.lots_of_greetings(greetings).await.unwrap().into_inner().reply, "hello you, and you");
}

#[tokio::test]
async fn more_greetings_than_a_reply_holds_are_status_8() {
    let (_running, mut client) = plaintext().await;
    let many = std::iter::repeat_n(hello(&"x".repeat(1000)), GREETINGS_BYTES_MAX / 1000 + 1);
    let status = client.lots_of_greetings(tokio_stream::iter(many)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_conversation_answers_each_message_before_the_next_is_sent() {
    let (_running, mut client) = plaintext().await;
    let (send, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut replies = client.bidi_hello(requests).await.unwrap().into_inner();
    for name in ["a", "b", "c"] {
        send.send(hello(name)).await.unwrap();
        assert_eq!(replies.message().await.unwrap().unwrap().reply, format!("hello {name}"));
    }
    drop(send);
    assert!(replies.message().await.unwrap().is_none());
}

#[tokio::test]
async fn metadata_comes_back_as_headers_and_as_trailers() {
    let (_running, mut client) = plaintext().await;
    let bytes = MetadataValue::from_bytes(&[0, 255, 10, 13]);
    let mut request = Request::new(hello("you"));
    request.metadata_mut().append("x-echo-text", "one".parse().unwrap());
    request.metadata_mut().append("x-echo-text", "two".parse().unwrap());
    request.metadata_mut().insert_bin("x-echo-bytes-bin", bytes.clone());
    request.metadata_mut().insert("x-other", "kept".parse().unwrap());
    let response = client.lots_of_replies(request).await.unwrap();
    let headers = response.metadata().clone();
    let mut replies = response.into_inner();
    while replies.message().await.unwrap().is_some() {}
    let trailers = replies.trailers().await.unwrap().unwrap();
    for (which, metadata) in [("headers", headers), ("trailers", trailers)] {
        let texts: Vec<_> = metadata.get_all("x-echo-text").iter().collect();
        assert_eq!(texts, ["one", "two"], "{which}");
        assert_eq!(metadata.get_bin("x-echo-bytes-bin"), Some(&bytes), "{which}");
        assert!(metadata.get("x-other").is_none(), "{which}");
    }
}

#[tokio::test]
async fn health_and_both_reflections_answer() {
    let (running, _client) = plaintext().await;
    let endpoint = Endpoint::new(format!("http://{}", running.h2c_addr.unwrap())).unwrap();
    let channel = endpoint.connect().await.unwrap();

    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    for service in ["", "hello.HelloService"] {
        let request = tonic_health::pb::HealthCheckRequest { service: service.into() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, tonic_health::pb::health_check_response::ServingStatus::Serving, "{service:?}");
    }

    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let mut reflection = ServerReflectionClient::new(channel);
    let mut answers =
        reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"hello.HelloService") && names.contains(&"grpc.health.v1.Health"), "{names:?}");
}

#[tokio::test]
async fn an_open_call_may_end_while_the_origin_stops() {
    let (running, mut client) = plaintext().await;
    let address = running.h2c_addr.unwrap();
    let (send, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut replies = client.bidi_hello(requests).await.unwrap().into_inner();
    let stopping = tokio::spawn(running.stop());
    tokio::time::sleep(Duration::from_millis(50)).await;
    send.send(hello("still here")).await.unwrap();
    assert_eq!(replies.message().await.unwrap().unwrap().reply, "hello still here");
    drop(send);
    assert!(replies.message().await.unwrap().is_none());
    stopping.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_origin_cuts_open_calls_and_closes_its_port() {
    let (running, mut client) = plaintext().await;
    let address = running.h2c_addr.unwrap();
    let (_send, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut replies = client.bidi_hello(requests).await.unwrap().into_inner();
    drop(running);
    let cut = tokio::time::timeout(Duration::from_secs(5), replies.message()).await.unwrap();
    assert!(cut.is_err(), "{cut:?}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_and_a_bad_key_are_errors_that_say_so() {
    let (running, _client) = plaintext().await;
    let taken = running.h2c_addr.unwrap();
    let error = SampleOrigin::start(Config { h2c: Some(taken), tls: None }).await.unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()), "{error}");

    let key_pair = KeyPair { key_pem: key_pair().key_pem, ..key_pair() };
    let tls = Tls { listen: ANY, key_pair };
    let error = SampleOrigin::start(Config { tls: Some(tls), h2c: None }).await.unwrap_err();
    assert!(matches!(error, Error::Certificate(_)), "{error}");
}
