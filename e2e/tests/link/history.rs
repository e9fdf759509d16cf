//! Whatever happens on the way, a node ends with exactly what the database holds.

use crate::model::{Chance, Database, Node, Publisher, next, next_at, settle, zone};
use bytes::Bytes;
use control_plane::publish::documents::{Documents, Form};
use data_plane::{current::Rejected, follow::state::Fault};
use policy::{
    id::ZoneId,
    revision::{Chain, Position, Revision},
};
use prost::Message as _;
use proto::{
    HEARTBEAT,
    identity::SigningKey,
    statement::{Body, Speaker, StatementError},
    v1,
    wire::{self, DocumentKey},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

fn assert_converged(database: &Database, node: &Node, seed: u64) {
    assert_eq!(node.state.have(), Some(database.position()), "seed {seed}");
    let ids: Vec<_> = node.zones.keys().collect();
    assert_eq!(ids, database.zones.keys().collect::<Vec<_>>(), "seed {seed}");
    assert!(node.zones == database.zones, "seed {seed}: a zone differs");
    let documents: Vec<_> = database.zones.keys().map(|id| format!("zone/{id}")).collect();
    assert!(node.state.documents().iter().eq(&documents), "seed {seed}");
}

/// Alters one bit of a message.
fn tampered(message: &v1::Message, chance: &mut Chance) -> Option<v1::Message> {
    let mut bytes = message.encode_to_vec();
    let at = chance.below(bytes.len());
    bytes[at] ^= 1 << chance.below(8);
    v1::Message::decode(Bytes::from(bytes)).ok()
}

/// A life of random writes, restores of the database, replicas that lag, cuts, repetitions, reorderings and forgeries.
fn live(seed: u64) {
    let mut chance = Chance::new(seed);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    let mut node = Node::new(&publisher);
    let mut backup = database.clone();
    let mut stream = None;
    let mut last: Option<v1::Message> = None;
    for _ in 0..300 {
        match chance.below(20) {
            0..5 => database.write(&mut chance),
            5..8 => publisher.refresh(&database),
            8 => backup = database.clone(),
            9 if chance.below(4) == 0 => database = backup.clone(),
            10 => {
                node.state.end();
                stream = None;
            }
            _ => {
                let session = stream.get_or_insert_with(|| node.connect(&publisher, &database));
                let Some(message) = next(session, &publisher) else { continue };
                let outcome = match chance.below(16) {
                    // Repeated, or in the place of the next.
                    0 => last.clone().map_or(Ok(()), |before| node.hear(before).map(drop)),
                    1 => node.hear(message.clone()).and_then(|_| node.hear(message.clone())).map(drop),
                    2 => tampered(&message, &mut chance).map_or(Ok(()), |forged| node.hear(forged).map(drop)),
                    // Lost: what comes next does not join.
                    3 => Ok(()),
                    _ => {
                        let heard = node.hear(message.clone());
                        last = Some(message);
                        heard.map(drop)
                    }
                };
                if outcome.is_err() {
                    node.state.end();
                    stream = None;
                }
            }
        }
    }
    publisher.refresh(&database);
    // Quiet hours: nothing goes wrong any more. A message that was lost before is noticed with the next heartbeat.
    let mut now = Instant::now();
    for _ in 0..4 {
        now += HEARTBEAT;
        let session = stream.get_or_insert_with(|| node.connect(&publisher, &database));
        while let Some(message) = next_at(session, &publisher, now) {
            if node.hear(message).is_err() {
                node.state.end();
                stream = None;
                break;
            }
        }
    }
    assert_converged(&database, &node, seed);
}

#[test]
fn a_node_always_ends_with_exactly_what_the_database_holds() {
    for seed in 0..40 {
        live(seed);
    }
}

#[test]
fn a_stream_without_mishap_is_never_refused_and_follows_every_write() {
    let mut chance = Chance::new(7);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    for _ in 0..100 {
        database.write(&mut chance);
        publisher.refresh(&database);
        settle(&mut session, &publisher, &mut node);
        assert_converged(&database, &node, 7);
    }
}

#[test]
fn one_message_spans_many_revisions_for_a_node_that_was_away() {
    let mut chance = Chance::new(8);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    let mut node = Node::new(&publisher);
    database.write(&mut chance);
    publisher.refresh(&database);
    settle(&mut node.connect(&publisher, &database), &publisher, &mut node);
    (0..50).for_each(|_| database.write(&mut chance));
    publisher.refresh(&database);
    let mut session = node.connect(&publisher, &database);
    let mut updates = 0;
    while let Some(message) = next(&mut session, &publisher) {
        if let Some(v1::message::Kind::Statement(statement)) = &message.kind {
            let payload = v1::StatementPayload::decode(statement.payload.clone()).unwrap();
            updates += usize::from(matches!(payload.body, Some(Body::Update(update)) if !update.reset));
        }
        node.hear(message).unwrap();
    }
    assert_eq!(updates, 1);
    assert_converged(&database, &node, 8);
}

#[test]
fn after_a_restore_a_node_is_reset_even_to_a_lower_revision() {
    let mut chance = Chance::new(9);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    let mut node = Node::new(&publisher);
    (0..5).for_each(|_| database.write(&mut chance));
    let backup = database.clone();
    (0..9).for_each(|_| database.write(&mut chance));
    publisher.refresh(&database);
    let mut session = node.connect(&publisher, &database);
    settle(&mut session, &publisher, &mut node);
    assert_eq!(node.state.have().unwrap().revision, Revision(14));
    // The replica and the stream live through it.
    database = backup;
    database.write(&mut chance);
    publisher.refresh(&database);
    settle(&mut session, &publisher, &mut node);
    assert_eq!(node.state.have().unwrap().revision, Revision(6));
    assert_converged(&database, &node, 9);
}

#[test]
fn after_a_cut_only_what_is_missing_is_sent_even_if_there_is_a_newer_revision() {
    let mut chance = Chance::new(10);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    (0..200).for_each(|_| database.write(&mut chance));
    publisher.refresh(&database);
    let chunks = publisher.published.documents.everything().unwrap().len();
    assert!(chunks >= 5, "{chunks} chunks");
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    let is_chunk = |message: &v1::Message| matches!(message.kind, Some(v1::message::Kind::Chunk(_)));
    let mut received = 0;
    while received + 1 < chunks {
        let message = next(&mut session, &publisher).unwrap();
        received += usize::from(is_chunk(&message));
        node.hear(message).unwrap();
    }
    assert_eq!(node.state.have(), None);
    node.state.end();
    database.write(&mut chance);
    publisher.refresh(&database);
    let mut session = node.connect(&publisher, &database);
    let mut again = 0;
    while let Some(message) = next(&mut session, &publisher) {
        again += usize::from(is_chunk(&message));
        node.hear(message).unwrap();
    }
    assert!(again < chunks, "{again} of {chunks} chunks were sent again");
    assert_converged(&database, &node, 10);
}

#[test]
fn what_another_key_signed_or_an_earlier_stream_said_is_refused() {
    let mut chance = Chance::new(11);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    database.write(&mut chance);
    publisher.refresh(&database);
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    let recorded: Vec<_> = std::iter::from_fn(|| next(&mut session, &publisher)).collect();
    recorded.iter().for_each(|message| drop(node.hear(message.clone()).unwrap()));
    let applied = node.state.have();
    // Recorded once, played to the next stream, where a reset would take the node back.
    database.write(&mut chance);
    let _session = node.connect(&publisher, &database);
    let replayed = node.hear(recorded[0].clone());
    assert!(matches!(replayed, Err(Fault::Statement(StatementError::OtherRequest))), "{replayed:?}");
    let stranger = Publisher { key: SigningKey::generate().unwrap(), published: publisher.published.clone() };
    let mut session = node.connect(&publisher, &database);
    let forged = node.hear(next(&mut session, &stranger).unwrap());
    assert!(matches!(forged, Err(Fault::Statement(StatementError::Identity(_)))), "{forged:?}");
    assert_eq!(node.state.have(), applied);
}

#[test]
fn an_update_that_does_not_join_is_refused_and_changes_nothing() {
    let mut chance = Chance::new(12);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    database.write(&mut chance);
    publisher.refresh(&database);
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    settle(&mut session, &publisher, &mut node);
    let elsewhere = Position { revision: Revision(1), chain: Chain([9; 32]) };
    let body = node.state.watch_body("test");
    let turn = proto::envelope::Turn { session: 1, counter: 1 };
    let (_, request) = proto::envelope::sign(
        &node.key,
        crate::model::CLUSTER,
        proto::envelope::Method::Watch,
        None,
        turn,
        &body,
    );
    node.state.begin(request);
    let update = v1::Update {
        from: Some(wire::position_to_proto(elsewhere)),
        to: Some(wire::position_to_proto(elsewhere)),
        ..Default::default()
    };
    let statement =
        Speaker { key: &publisher.key, cluster: crate::model::CLUSTER }.say(request, 0, Body::Update(update));
    let heard = node.hear(v1::Message { kind: Some(v1::message::Kind::Statement(statement)) });
    assert!(matches!(heard, Err(Fault::DoesNotJoin { from: 1, have: 1 })), "{heard:?}");
    assert_converged(&database, &node, 12);
}

#[test]
fn a_document_for_newer_nodes_keeps_its_last_good_form_and_holds_nothing_else_up() {
    let mut chance = Chance::new(13);
    let ids: Vec<ZoneId> = (1..=2).map(|byte| ZoneId::from_bytes([byte; 16])).collect();
    let zones: Vec<_> = ids.iter().map(|id| zone(*id, &mut chance)).collect();
    let form = |index: usize| Form::Published(wire::encode_zone(&zones[index]).unwrap());
    let at = |revision: u8| Position { revision: Revision(revision.into()), chain: Chain([revision; 32]) };
    let key = |index: usize| DocumentKey::Zone(ids[index]);
    let mut publisher = Publisher::new();
    let mut node = Node::new(&publisher);
    let mut database = Database::default();
    let documents = Documents::empty().advance(at(1), [(key(0), Revision(1), form(0))]);
    publisher.published.documents = Arc::new(documents);
    let mut session = node.connect(&publisher, &database);
    settle(&mut session, &publisher, &mut node);
    // The first zone comes in a form of the future, together with a second zone.
    let mut future = v1::Document::decode(wire::encode_zone(&zones[0]).unwrap()).unwrap();
    future.features.push("time-travel.1".to_owned());
    let future = Form::Published(future.encode_to_vec().into());
    let documents = publisher
        .published
        .documents
        .advance(at(2), [(key(0), Revision(2), future), (key(1), Revision(2), form(1))]);
    publisher.published.documents = Arc::new(documents);
    settle(&mut session, &publisher, &mut node);
    let expected_after = |node: &Node| {
        assert_eq!(node.zones.values().collect::<Vec<_>>(), zones.iter().collect::<Vec<_>>());
        let report = node.state.report("test", Vec::new());
        assert_eq!((report.rejected_total, report.applied), (1, Some(wire::position_to_proto(at(2)))));
        assert_eq!(report.rejected[0].document, key(0).to_string());
        assert!(matches!(report.rejected[0].reason, Some(v1::rejection::Reason::NeedsNewerNode(_))));
    };
    expected_after(&node);
    // The same after a reset, where everything comes anew: the database does not know the node's position.
    database.history.clear();
    let mut session = node.connect(&publisher, &database);
    settle(&mut session, &publisher, &mut node);
    expected_after(&node);
    // And once it comes in a form of today, nothing is rejected any more.
    let documents = publisher.published.documents.advance(at(3), [(key(0), Revision(3), form(0))]);
    publisher.published.documents = Arc::new(documents);
    settle(&mut session, &publisher, &mut node);
    assert_eq!(node.state.report("test", Vec::new()).rejected_total, 0);
}

#[test]
fn a_zone_that_cannot_be_put_in_force_is_reported_alone() {
    let mut chance = Chance::new(14);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    database.write(&mut chance);
    publisher.refresh(&database);
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    let bad = *database.zones.keys().next().unwrap();
    while let Some(message) = next(&mut session, &publisher) {
        let rejected = || vec![Rejected { zone: bad, reason: "a key that does not fit".to_owned() }];
        node.state.hear(message, Instant::now(), &mut |_, _, _| rejected()).unwrap();
    }
    let report = node.state.report("test", Vec::new());
    assert_eq!(report.applied, Some(wire::position_to_proto(database.position())));
    assert_eq!(report.rejected.len(), 1);
    assert_eq!(report.rejected[0].document, format!("zone/{bad}"));
}

#[test]
fn silence_is_broken_by_heartbeats_and_a_node_that_hears_none_is_stale() {
    let mut chance = Chance::new(15);
    let (mut database, mut publisher) = (Database::default(), Publisher::new());
    database.write(&mut chance);
    publisher.refresh(&database);
    let mut node = Node::new(&publisher);
    let mut session = node.connect(&publisher, &database);
    settle(&mut session, &publisher, &mut node);
    let start = Instant::now();
    assert!(next_at(&mut session, &publisher, start + HEARTBEAT / 2).is_none());
    assert!(next_at(&mut session, &publisher, start + HEARTBEAT).is_some());
    assert!(next_at(&mut session, &publisher, start + HEARTBEAT).is_none());
    assert!(!node.state.is_stale(start + Duration::from_secs(59)));
    assert!(node.state.is_stale(start + Duration::from_secs(61)));
    assert_eq!(node.state.have(), Some(database.position()), "what it has stays in force");
}
