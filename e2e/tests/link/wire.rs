//! The link as an attacker in the middle meets it: every request is good once, from the right key, for its own method.

use crate::harness::{Node, World, folder};
use data_plane::{
    config::Config,
    current::{Change, Current},
    follow::{
        self,
        connect::connect,
        identity::Identity,
        pinned,
        state::{Credentials, State},
    },
};
use hyper_util::client::proxy::matcher::Matcher;
use jiff::SignedDuration;
use policy::{
    id::NodeId,
    revision::{Position, Revision},
};
use proto::{
    enrolment_token::EnrolmentToken,
    envelope::{self, Method, RequestId, Turn},
    identity::SigningKey,
    v1::{self, link_client::LinkClient},
    wire::position_to_proto,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, transport::Channel};

/// A node of which only the keys are real.
struct Raw {
    identity: Identity,
    node: NodeId,
    client: LinkClient<Channel>,
}

impl Raw {
    async fn new(world: &World) -> Self {
        let text = world.token(1, SignedDuration::from_hours(1)).await;
        let state_dir = folder();
        let node = Node::start(&text, &state_dir);
        world.until_node("connected", |row| row.state.connected).await;
        node.stop().await;
        world.until_node("away", |row| !row.state.connected).await;
        let token = EnrolmentToken::parse(&text).unwrap();
        let identity = Identity::open(&state_dir, None, 0).unwrap();
        let tls = Arc::new(pinned::client_config(token.authority).unwrap());
        let client = connect(&token.addresses[0], tls, &Matcher::builder().build()).await.unwrap();
        Self { node: identity.node.unwrap(), identity, client }
    }

    fn sign(
        &self,
        key: &SigningKey,
        method: Method,
        counter: u64,
        body: &impl prost::Message,
    ) -> (v1::Signed, RequestId) {
        let turn = Turn { session: self.identity.session, counter };
        envelope::sign(key, self.identity.cluster, method, Some(self.node), turn, body)
    }

    async fn report(&self, counter: u64, revision: u64) -> Result<(), tonic::Status> {
        let applied = Position { revision: Revision(revision), ..Position::default() };
        let body = v1::ReportBody { applied: Some(position_to_proto(applied)), ..Default::default() };
        let (signed, _) = self.sign(&self.identity.signing, Method::Report, counter, &body);
        self.client.clone().report(signed).await.map(drop)
    }
}

fn code<T>(result: Result<T, tonic::Status>) -> Code {
    result.err().map_or(Code::Ok, |status| status.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_request_is_good_once() {
    let world = World::new().await;
    let mut raw = Raw::new(&world).await;
    let (first, _) = raw.sign(&raw.identity.signing, Method::Watch, 1, &v1::WatchBody::default());
    let (second, _) = raw.sign(&raw.identity.signing, Method::Watch, 2, &v1::WatchBody::default());
    let _stream = raw.client.watch(second.clone()).await.unwrap();
    assert_eq!(code(raw.client.watch(second).await), Code::Aborted, "the same again");
    assert_eq!(code(raw.client.watch(first).await), Code::Aborted, "an earlier one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_report_changes_nothing() {
    let world = World::new().await;
    let raw = Raw::new(&world).await;
    let applied = |revision| {
        move |row: &control_plane::db::nodes::Node| row.state.applied.revision == Revision(revision)
    };
    raw.report(5, 41).await.unwrap();
    world.until_node("at 41", applied(41)).await;
    raw.report(6, 42).await.unwrap();
    world.until_node("at 42", applied(42)).await;
    raw.report(5, 41).await.unwrap();
    raw.report(4, 40).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.until_node("still at 42", applied(42)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_strangers_and_for_other_methods_are_refused() {
    let world = World::new().await;
    let mut raw = Raw::new(&world).await;
    let stranger = SigningKey::generate().unwrap();
    let (signed, _) = raw.sign(&stranger, Method::Watch, 9, &v1::WatchBody::default());
    assert_eq!(code(raw.client.watch(signed).await), Code::Unauthenticated);
    let (signed, _) = raw.sign(&raw.identity.signing, Method::Report, 9, &v1::ReportBody::default());
    assert_eq!(code(raw.client.watch(signed.clone()).await), Code::InvalidArgument);
    let tampered = v1::Signed { signature: vec![0; 64].into(), ..signed };
    assert_eq!(code(raw.client.report(tampered).await), Code::Unauthenticated);
    let turn = Turn { session: u64::MAX, counter: 9 };
    let other = policy::id::ClusterId::from_bytes([9; 16]);
    let body = v1::WatchBody::default();
    let (signed, _) =
        envelope::sign(&raw.identity.signing, other, Method::Watch, Some(raw.node), turn, &body);
    assert_eq!(code(raw.client.watch(signed).await), Code::Unauthenticated);
    let other = NodeId::from_bytes([9; 16]);
    let cluster = raw.identity.cluster;
    let (signed, _) = envelope::sign(&raw.identity.signing, cluster, Method::Watch, Some(other), turn, &body);
    assert_eq!(code(raw.client.watch(signed).await), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_authority_is_not_spoken_to() {
    let world = World::new().await;
    let address = world.link.as_ref().unwrap().link_addr.to_string();
    let tls = Arc::new(pinned::client_config([7; 32]).unwrap());
    assert!(connect(&address, tls, &Matcher::builder().build()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_gets_the_same_documents_as_watching() {
    let world = World::new().await;
    let (zone, revision) = world.create_zone("polled.example").await;
    let mut raw = Raw::new(&world).await;
    let Identity { cluster, publisher, receiving, .. } = &raw.identity;
    let credentials = Credentials {
        cluster: *cluster,
        node: raw.node,
        publisher: *publisher,
        receiving: receiving.clone(),
    };
    let mut state = State::new(credentials, Instant::now());
    let mut seen = Vec::new();
    for counter in 1..=2 {
        let body = v1::PollBody { watch: Some(state.watch_body("test")), wait_millis: 200 };
        let (signed, request) = raw.sign(&raw.identity.signing, Method::Poll, counter, &body);
        state.begin(request);
        for message in raw.client.poll(signed).await.unwrap().into_inner().messages {
            let mut apply = |changes: Vec<Change>, _: Position, _: data_plane::current::OpenKey<'_>| {
                seen.extend(changes);
                Vec::new()
            };
            state.hear(message, Instant::now(), &mut apply).unwrap();
        }
        state.end();
        assert_eq!(state.have().unwrap().revision, revision);
    }
    assert!(
        matches!(&seen[..], [Change::Zone(polled)] if polled.id == zone),
        "once, for nothing changed after"
    );
}

/// A proxy that knows CONNECT and takes every name for one address; tells what it was asked for.
async fn proxy(target: String) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel(10);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (target, sender) = (target.clone(), sender.clone());
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert!(stream.read_line(&mut head).await.unwrap() > 0);
                }
                sender.send(head).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                let mut upstream = TcpStream::connect(target).await.unwrap();
                copy_bidirectional(&mut stream, &mut upstream).await.ok();
            });
        }
    });
    (format!("http://user:secret@{address}"), receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_reaches_its_control_plane_through_a_proxy() {
    let world = World::new().await;
    let (_, revision) = world.create_zone("proxied.example").await;
    let (url, mut asked) = proxy(world.link.as_ref().unwrap().link_addr.to_string()).await;
    let config = Config {
        enrol_token: Some(world.token(1, SignedDuration::from_hours(1)).await),
        control_plane: vec!["https://control.example:9443/".to_owned()],
        state_dir: folder(),
        ..Config::default()
    };
    let (current, stop) = (Arc::new(Current::new()), CancellationToken::new());
    let proxies = Matcher::builder().https(url).build();
    let _following = follow::start_through(&config, Arc::clone(&current), stop.clone(), proxies).unwrap();
    let mut positions = current.positions();
    let reached = positions.wait_for(|at| at.is_some_and(|at| at.revision == revision));
    tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap().unwrap();
    let head = asked.recv().await.unwrap();
    assert!(head.starts_with("CONNECT control.example:9443 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpzzwnyzxq="), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_to_the_next_control_plane_when_one_is_away() {
    let mut world = World::new().await;
    let (zone, revision) = world.create_zone("failover.example").await;
    let token = world.token(1, SignedDuration::from_hours(1)).await;
    let (first, stop_first) = (world.link.take().unwrap(), world.stop.clone());
    world.start_link("127.0.0.1:0").await;
    let second = world.link.as_ref().unwrap().link_addr;
    let config = Config {
        enrol_token: Some(token),
        control_plane: vec![first.link_addr.to_string(), second.to_string()],
        state_dir: folder(),
        ..Config::default()
    };
    let node = Node::start_with(&config);
    node.until(revision).await;
    stop_first.cancel();
    first.task.await.unwrap();
    let revision = world.pause_zone(zone, true).await;
    node.until(revision).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_away_for_longer_than_history_is_kept_gets_everything_anew() {
    let world = World::new().await;
    let (kept, _) = world.create_zone("kept.example").await;
    let (gone, revision) = world.create_zone("gone.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let mut change = world.change().await;
    sqlx::query("delete from zones where id = $1")
        .bind(gone.to_string())
        .execute(change.conn())
        .await
        .unwrap();
    change.remove_zone(gone);
    change.commit().await.unwrap();
    let revision = world.pause_zone(kept, true).await;
    node.until(revision).await;
    control_plane::db::published::compact(&world.pool, 1).await.unwrap();
    let left: Vec<(i64, String)> =
        sqlx::query_as("select revision, document from outbox").fetch_all(&world.pool).await.unwrap();
    assert_eq!(left, [(4, format!("zone/{kept}"))]);
    let known: Vec<i64> =
        sqlx::query_scalar("select revision from revisions").fetch_all(&world.pool).await.unwrap();
    assert_eq!(known, [4]);
    let fresh = world.node().await;
    fresh.until(revision).await;
    assert!(fresh.current.load().zone(gone).is_none() && fresh.current.load().zone(kept).is_some());
}
