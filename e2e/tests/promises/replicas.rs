//! Two control planes on one database: what is written on one is enforced by the nodes of the other, and neither is missed.

use crate::refusals::{GRPC_OFF, assert_refused};
use e2e::{
    authority::Authority,
    chaos::revisions_abut,
    eventually::eventually,
    node::{Node, Wishes},
    origins::{Behaviour, Origin, origin},
    replicas::Replicas,
    rest::Api,
    visitor::{Call, HeldStream, Request, channel},
    zone::{Cloud, Zone},
};
use policy::{hostname::Hostname, revision::Position, zone::Zone as PublishedZone};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

const PATIENCE: Duration = Duration::from_secs(20);
const A: usize = 0;
const B: usize = 1;

async fn node(replicas: &Replicas, follows: usize) -> Node {
    let other = &replicas.all[1 - follows];
    other.cut_link();
    let wishes = Wishes {
        name: format!("follows-{follows}"),
        enrolment_token: replicas.enrolment_token.clone(),
        ca_pem: other.api.text("/orangery/ca/edge.pem").await.unwrap(),
        allow_loopback_origins: true,
        workers: 1,
    };
    let node = Node::start(wishes).await.unwrap();
    node.ready().await.unwrap();
    other.mend_link();
    node
}

/// A zone in which gRPC works, made through one control plane.
async fn working_zone(api: &Api) -> (Zone, Origin) {
    let zone = Zone::create(api, &format!("{}.test", e2e::random_name())).await.unwrap();
    let authority = Authority::new("origins of replicas").unwrap();
    let origin = origin(Behaviour::TlsWithHttp2, &zone.host("grpc"), &authority).await.unwrap();
    zone.record("grpc", &origin, Cloud::Orange).await.unwrap();
    zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await.unwrap();
    (zone, origin)
}

/// The same zone through the other control plane.
fn through(zone: &Zone, api: &Api) -> Zone {
    Zone { api: api.clone(), id: zone.id.clone(), name: zone.name.clone() }
}

/// The zone as the node enforces it; the same as long as nothing about it was sent again.
fn enforced(node: &Node, zone: &Zone) -> Arc<data_plane::current::LiveZone> {
    Arc::clone(node.current.load().zone(zone.id.parse().unwrap()).unwrap())
}

/// Calls until the answer gives this reason, or none.
async fn until_reason(hello: &Request, node: &Node, reason: &str) {
    let met = || async { (hello.send(&node.https()).await.reason == reason).then_some(()) };
    eventually(&format!("calls are answered with {reason:?}"), PATIENCE, met).await.unwrap();
}

/// Remembers every position that the node was at.
fn remember(node: &Node) -> (JoinHandle<()>, Arc<Mutex<Vec<Position>>>) {
    let (mut positions, seen) = (node.current.positions(), Arc::new(Mutex::new(Vec::new())));
    let written = Arc::clone(&seen);
    let task = tokio::spawn(async move {
        while positions.changed().await.is_ok() {
            written.lock().unwrap().extend(*positions.borrow_and_update());
        }
    });
    (task, seen)
}

/// Forward only, and each of them a point of the history in the database; the last is its end.
async fn is_history(replicas: &Replicas, seen: &[Position]) {
    let mut database = PgConnection::connect(&replicas.database_url).await.unwrap();
    let newest = revisions_abut(&mut database).await.unwrap();
    assert!(seen.is_sorted_by(|one, next| one.revision < next.revision), "{seen:?}");
    assert_eq!(seen.last().unwrap().revision.0, newest);
    for position in seen {
        let chain: Vec<u8> = sqlx::query_scalar("select chain from revisions where revision = $1")
            .bind(position.revision.0.cast_signed())
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(chain, position.chain.0, "{position:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_on_one_control_plane_is_enforced_by_a_node_of_the_other_before_the_answer() {
    let replicas = Replicas::start(2).await.unwrap();
    let node = node(&replicas, B).await;
    let (zone, _origin) = working_zone(&replicas.all[A].api).await;
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    for _ in 0..3 {
        zone.set("grpc", "off").await.unwrap();
        assert_refused(&hello.send(&node.https()).await, GRPC_OFF, "written on the other");
        through(&zone, &replicas.all[B].api).set("grpc", "on").await.unwrap();
        assert!(hello.send(&node.https()).await.is_reply(&["hello Orangery"]));
    }
    // Whoever is nudged loses the nudges; what was written is found all the same.
    let mut database = PgConnection::connect(&replicas.database_url).await.unwrap();
    let killed: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'",
    )
    .fetch_all(&mut database)
    .await
    .unwrap();
    assert_eq!(killed, [true, true]);
    let answer = zone.try_set("grpc", "off").await.unwrap();
    assert_eq!(answer.headers["orangery-applied"], "1/1");
    assert_refused(&hello.send(&node.https()).await, GRPC_OFF, "without a nudge");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_changes_over_without_a_gap_when_its_control_plane_dies_or_cannot_be_reached() {
    let mut replicas = Replicas::start(2).await.unwrap();
    let node = node(&replicas, A).await;
    let (zone, _origin) = working_zone(&replicas.all[A].api).await;
    let (untouched, _other_origin) = working_zone(&replicas.all[A].api).await;
    let before = enforced(&node, &untouched);
    let hello = Request::new(Call::SayHello, &zone.host("grpc"));
    let held = channel(&node.https(), &zone.host("grpc")).await.unwrap();
    let mut held = HeldStream::open(held).await.unwrap();
    let (_task, seen) = remember(&node);

    replicas.all[A].kill();
    // For the database the node is still connected: the answer waits until it has found the other.
    through(&zone, &replicas.all[B].api).set("grpc", "off").await.unwrap();
    assert_refused(&hello.send(&node.https()).await, GRPC_OFF, "after the death of its control plane");
    assert_eq!(held.say("still here").await.unwrap(), "hello still here");

    replicas.all[A].start().await.unwrap();
    replicas.all[B].cut_link();
    // A stream whose end was seen is not waited for.
    through(&zone, &replicas.all[B].api).set("grpc", "on").await.unwrap();
    until_reason(&hello, &node, "").await;
    replicas.all[B].mend_link();

    replicas.all[A].stop().await;
    through(&zone, &replicas.all[B].api).set("grpc", "off").await.unwrap();
    until_reason(&hello, &node, "GRPC_OFF").await;
    assert_eq!(held.say("and still").await.unwrap(), "hello and still");
    held.close().await.unwrap();

    assert!(Arc::ptr_eq(&before, &enforced(&node, &untouched)), "nothing was sent again");
    let seen = seen.lock().unwrap().clone();
    is_history(&replicas, &seen).await;
}

/// What a writer was told.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<String>,
    newest: u64,
    unanswered: usize,
}

/// Writes one record after the other on whichever control plane answers.
async fn write(
    zone: String,
    name: String,
    apis: watch::Receiver<Vec<Api>>,
    stop: watch::Receiver<bool>,
) -> Told {
    let mut told = Told::default();
    for number in 0.. {
        if *stop.borrow() {
            break;
        }
        let apis = apis.borrow().clone();
        let label = format!("w-{number}");
        let record = json!({"type": "A", "name": label, "content": "127.0.0.1", "proxied": true});
        match apis[number % apis.len()].post(&format!("/zones/{zone}/dns_records"), record).await {
            Ok(answer) if answer.status == 200 => {
                told.newest = told.newest.max(answer.revision().unwrap());
                told.acknowledged.insert(format!("{label}.{name}"));
            }
            Ok(answer) => assert!(answer.status >= 500, "{answer:?}"),
            Err(_) => told.unanswered += 1,
        }
    }
    told
}

fn names(zone: &PublishedZone, told: &Told) -> usize {
    let is_there = |name: &&String| zone.names.find(Hostname::parse(name).unwrap().as_str()).is_some();
    told.acknowledged.iter().filter(is_there).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_no_acknowledged_write() {
    let mut replicas = Replicas::start(2).await.unwrap();
    let node = node(&replicas, A).await;
    let zone = Zone::create(&replicas.all[A].api, "rolling.test").await.unwrap();
    let (_task, seen) = remember(&node);
    let apis =
        |replicas: &Replicas| replicas.all.iter().map(|replica| replica.api.clone()).collect::<Vec<_>>();
    let (present, stop) = (watch::Sender::new(apis(&replicas)), watch::Sender::new(false));
    let writer = write(zone.id.clone(), zone.name.clone(), present.subscribe(), stop.subscribe());
    let writer = tokio::spawn(writer);
    for round in 0..8 {
        sleep(Duration::from_millis(200)).await;
        let victim = &mut replicas.all[round % 2];
        if round < 6 {
            victim.kill()
        } else {
            victim.stop().await
        }
        sleep(Duration::from_millis(200)).await;
        victim.start().await.unwrap();
        present.send_replace(apis(&replicas));
    }
    stop.send_replace(true);
    let told = writer.await.unwrap();
    assert!(told.acknowledged.len() > 20, "{} writes", told.acknowledged.len());
    for replica in &replicas.all {
        through(&zone, &replica.api).pause(true).await.unwrap();
        through(&zone, &replica.api).pause(false).await.unwrap();
    }
    assert_eq!(names(&enforced(&node, &zone).zone, &told), told.acknowledged.len());
    let seen = seen.lock().unwrap().clone();
    assert!(told.newest < seen.last().unwrap().revision.0);
    is_history(&replicas, &seen).await;
    let began = Instant::now();
    eventually("both say that one node is connected", PATIENCE, || async {
        let mut connected = 0;
        for replica in &replicas.all {
            let nodes = replica.api.get("/orangery/nodes").await.ok()?.granted().ok()?;
            connected += i32::from(nodes.as_array()?.len() == 1 && nodes[0]["status"] == "connected");
        }
        (connected == 2).then_some(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error} after {:?}", began.elapsed()));
}
