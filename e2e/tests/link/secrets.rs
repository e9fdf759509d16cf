//! Private keys are nowhere in the clear but in the memory of the nodes that need them.

use crate::{
    harness::World,
    model::{CLUSTER, NODE},
};
use control_plane::{
    certificates::authority::{Authority, Kind, SubjectName},
    db::{fleet, link},
    publish::{
        hub::Hub,
        session::{Arrival, Next, Session},
    },
};
use jiff::{SignedDuration, Timestamp};
use policy::{
    hostname::Hostname,
    id::{CertificateId, FleetKeyId, ZoneId},
    revision::Revision,
};
use prost::Message as _;
use proto::{
    chunk::Chunk,
    envelope::RequestId,
    identity::{ReceivingKey, SigningKey},
    statement::Speaker,
    v1,
};
use std::{collections::HashSet, time::Instant};
use zeroize::Zeroizing;

/// Gives a zone a certificate; returns its private key.
async fn certify(world: &World, zone: ZoneId, host: &str) -> (Zeroizing<Vec<u8>>, Revision) {
    let now = Timestamp::now();
    let authority = Authority::create(Kind::Edge, now).unwrap();
    let names = [SubjectName::from(Hostname::parse(host).unwrap())];
    let issued = authority.issue_server(&names, SignedDuration::from_hours(24), now).unwrap();
    let id = CertificateId::from_bytes(crate::harness::rand());
    let mut change = world.change().await;
    let fleet = link::current_fleet_key(change.conn(), &world.master).await.unwrap();
    let sealed = fleet.seal_private_key(id, &issued.pkcs8).unwrap();
    sqlx::query(
        "insert into certificates (id, zone_id, source, hosts, chain, fleet_key_id, key_ciphertext, issuer, signature,
                                   not_before, not_after, uploaded_on, modified_on)
         values ($1, $2, 'edge', $3, $4, $5, $6, 'test', 'ECDSA', now(), now() + interval '1 day', now(), now())",
    )
    .bind(id.to_string())
    .bind(zone.to_string())
    .bind(vec![host.to_owned()])
    .bind(vec![issued.signed.leaf])
    .bind(sealed.fleet_key.to_string())
    .bind(sealed.ciphertext)
    .execute(change.conn())
    .await
    .unwrap();
    change.publish_zone(zone);
    (issued.pkcs8, change.commit().await.unwrap())
}

/// Every row of every table as text, in which bytes are hexadecimal.
async fn dump(world: &World) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    let mut dump = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from {table} t")))
                .fetch_all(&world.pool)
                .await
                .unwrap();
        dump.push_str(&rows.join("\n"));
    }
    dump
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// What a node would be sent, with chunks decompressed.
fn sent(session: &mut Session, hub: &Hub, key: &SigningKey) -> Vec<u8> {
    let published = hub.published().borrow().clone();
    let speaker = Speaker { key, cluster: CLUSTER };
    let mut bytes = Vec::new();
    loop {
        let next = match session.next(&published, &speaker, Instant::now()).unwrap() {
            Next::AwaitAdmission => session.admit(&published, &speaker, Instant::now()).unwrap(),
            next => next,
        };
        let Next::Send(message) = next else { return bytes };
        if let Some(v1::message::Kind::Chunk(chunk)) = &message.kind {
            bytes.extend(Chunk::from_data(chunk.data.clone()).expand().unwrap());
        }
        bytes.extend(message.encode_to_vec());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_in_the_clear_neither_in_the_database_nor_on_the_wire() {
    let world = World::new().await;
    let (zone, _) = world.create_zone("secret.example").await;
    let (pkcs8, revision) = certify(&world, zone, "secret.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let snapshot = node.current.load();
    assert!(
        snapshot.zone(zone).unwrap().server_config("secret.example", true).is_some(),
        "the node opened it"
    );

    // The scalar of the key, so that another wrapping would be found too.
    let secret = &pkcs8[36..68];
    let mut conn = world.pool.acquire().await.unwrap();
    let fleet = link::current_fleet_key(&mut conn, &world.master).await.unwrap();
    let dump = dump(&world).await;
    assert!(dump.contains(&hex::encode(fleet.id().as_bytes())), "the dump holds what it should");
    for secret in
        [secret, fleet.expose().as_slice(), world.link.as_ref().unwrap().keys.publisher.expose().as_slice()]
    {
        assert!(!dump.contains(&hex::encode(secret)));
        assert!(!holds(dump.as_bytes(), secret));
    }

    let hub = Hub::start(world.pool.clone(), world.master.clone()).await.unwrap();
    let arrival = Arrival {
        node: NODE,
        receiving_key: ReceivingKey::generate().unwrap().public(),
        request: RequestId([1; 32]),
        have: None,
        held: HashSet::new(),
        wants_ping: false,
    };
    let wire = sent(&mut Session::new(arrival, 0, Instant::now()), &hub, &SigningKey::generate().unwrap());
    assert!(holds(&wire, b"secret.example"), "the zone is on the wire");
    assert!(!holds(&wire, secret));
    assert!(!holds(&wire, fleet.expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_fleet_key_reaches_the_nodes_that_stay_before_anything_is_sealed_under_it() {
    let world = World::new().await;
    let (zone, _) = world.create_zone("rotated.example").await;
    let (_, revision) = certify(&world, zone, "rotated.example").await;
    let node = world.node().await;
    node.until(revision).await;
    let fleet_key = |node: &crate::harness::Node| -> FleetKeyId {
        node.current.load().zone(zone).unwrap().zone.certificates[0].key.fleet_key
    };
    let before = fleet_key(&node);
    let mut change = world.change().await;
    let new = fleet::rotate(&mut change, &world.master).await.unwrap();
    let revision = change.commit().await.unwrap();
    let position = node.until(revision).await;
    assert_ne!(before, new);
    assert_eq!(fleet_key(&node), new);
    let row = world.until_node("with the revision", |row| row.state.applied == position).await;
    assert_eq!(row.state.rejected, []);
    // Twice, so that the key of the second is not the one of the first.
    let mut change = world.change().await;
    fleet::rotate(&mut change, &world.master).await.unwrap();
    node.until(change.commit().await.unwrap()).await;
    assert_ne!(fleet_key(&node), new);
}
