//! The client programs themselves: what they say of an origin with no edge before it.

use e2e::{
    authority::Authority,
    origins::{Behaviour, origin},
    visitor::{Call, Door, Driver, Missing, Outcome, Request, Stack},
};
use std::{io::Write as _, time::Duration};

const HOST: &str = "grpc.demo.test";

/// The programs that are built; one that is not is named, loudly.
pub(crate) fn drivers() -> Vec<(Stack, Driver)> {
    let drivers = Stack::DRIVERS.map(|stack| Driver::of(stack).map(|driver| (stack, driver)));
    // Not `println!`, which a test that passes keeps to itself.
    let name =
        |missing: &Missing| std::io::stderr().write_all(format!("SKIPPED {missing}\n").as_bytes()).unwrap();
    drivers.into_iter().filter_map(|driver| driver.inspect_err(name).ok()).collect()
}

/// What each call brings when nothing is in its way.
pub(crate) fn assert_as_it_should_be(call: Call, outcome: &Outcome, who: Stack) {
    let (code, replies): (i32, Vec<&str>) = match call {
        Call::SayHello => (0, vec!["hello Orangery"]),
        Call::LotsOfReplies => (0, vec!["hello Orangery"; sample_origin::REPLIES]),
        Call::LotsOfGreetings => (0, vec!["hello Orangery, Orangery, Orangery"]),
        Call::Bidi => (0, vec!["hello Orangery"; 3]),
        Call::Cancel => (1, vec!["hello Orangery"]),
        Call::Deadline => (4, vec!["hello Orangery"]),
    };
    assert_eq!(
        (outcome.code, &outcome.replies),
        (code, &replies.into_iter().map(String::from).collect()),
        "{who:?} {call:?}: {outcome:?}"
    );
}

pub(crate) fn request(call: Call, host: &str) -> Request {
    match call {
        Call::Deadline => Request::new(call, host).within(Duration::from_millis(700)),
        _ => Request::new(call, host),
    }
}

#[tokio::test]
async fn every_client_makes_every_kind_of_call_to_an_origin_without_an_edge() {
    let authority = Authority::new("clients").unwrap();
    for behaviour in [Behaviour::TlsWithHttp2, Behaviour::PlaintextH2c] {
        let origin = origin(behaviour, HOST, &authority).await.unwrap();
        let door = match behaviour {
            Behaviour::PlaintextH2c => Door::Http { address: origin.address },
            _ => Door::Https { address: origin.address, ca_pem: authority.pem() },
        };
        for call in Call::ALL {
            // tonic leaves the end of a late stream to its server.
            if call != Call::Deadline {
                assert_as_it_should_be(call, &request(call, HOST).send(&door).await, Stack::Tonic);
            }
            for (stack, driver) in drivers() {
                assert_as_it_should_be(call, &driver.send(&door, &request(call, HOST)).await.unwrap(), stack);
            }
        }
    }
}

#[tokio::test]
async fn a_held_stream_of_every_client_ends_well_when_the_visitor_ends_it() {
    let authority = Authority::new("held").unwrap();
    let origin = origin(Behaviour::TlsWithHttp2, HOST, &authority).await.unwrap();
    let door = Door::Https { address: origin.address, ca_pem: authority.pem() };
    for (stack, driver) in drivers() {
        let mut held = driver.hold(&door, HOST).unwrap();
        assert_eq!(held.say("there").await.unwrap(), "hello there", "{stack:?}");
        let outcome = held.close().await.unwrap();
        assert!(outcome.is_reply(&["hello there"]), "{stack:?}: {outcome:?}");
    }
}
