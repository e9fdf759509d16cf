//! Every row of SSL mode × toggle × proxied × origin, with what a visitor sees in each.

use crate::{
    clients::drivers,
    refusals::{
        DNS_ONLY, Face, GRPC_OFF, ORIGIN_CERTIFICATE_INVALID, ORIGIN_REFUSED, ORIGIN_RESET, ORIGIN_SILENT,
        ORIGIN_TLS_FAILED, ORIGIN_WITHOUT_HTTP2, UNTRUSTED, assert_refused,
    },
};
use e2e::{
    edge::{Edge, edge},
    origins::{Behaviour, Origin},
    visitor::{Call, Outcome, Request, Stack},
    zone::{Cloud, Zone},
};

#[derive(Debug, Clone, Copy)]
struct Row {
    ssl: &'static str,
    grpc: bool,
    cloud: Cloud,
    origin: Behaviour,
}

enum Seen {
    Hello,
    Refused(Face),
    /// The owner cannot choose this pair, so no visitor ever meets it.
    CannotBeSet,
}

impl Row {
    fn all() -> impl Iterator<Item = Self> {
        let origins = Behaviour::MATRIX.into_iter();
        origins.flat_map(|origin| {
            ["off", "flexible", "full", "strict"].into_iter().flat_map(move |ssl| {
                [false, true].into_iter().flat_map(move |grpc| {
                    [Cloud::Grey, Cloud::Orange].into_iter().map(move |cloud| Self {
                        ssl,
                        grpc,
                        cloud,
                        origin,
                    })
                })
            })
        })
    }

    /// The promise, worked out here by its own rules.
    fn seen(self) -> Seen {
        let encrypted = matches!(self.ssl, "full" | "strict");
        match self {
            Self { grpc: true, .. } if !encrypted => Seen::CannotBeSet,
            Self { cloud: Cloud::Grey, .. } => Seen::Refused(DNS_ONLY),
            Self { grpc: false, .. } => Seen::Refused(GRPC_OFF),
            Self { origin, ssl, .. } => match origin {
                Behaviour::TlsWithHttp2 => Seen::Hello,
                Behaviour::SelfSigned | Behaviour::WrongHost | Behaviour::Expired if ssl == "full" => {
                    Seen::Hello
                }
                Behaviour::SelfSigned => Seen::Refused(ORIGIN_CERTIFICATE_INVALID.because(UNTRUSTED)),
                Behaviour::WrongHost => {
                    Seen::Refused(ORIGIN_CERTIFICATE_INVALID.because("issued for another name"))
                }
                Behaviour::Expired => Seen::Refused(ORIGIN_CERTIFICATE_INVALID.because("expired")),
                Behaviour::TlsWithoutHttp2 => Seen::Refused(ORIGIN_WITHOUT_HTTP2),
                Behaviour::PlaintextH2c => Seen::Refused(
                    ORIGIN_TLS_FAILED.because("received corrupt message of type InvalidContentType"),
                ),
                Behaviour::Refusing => Seen::Refused(ORIGIN_REFUSED),
                Behaviour::Silent => Seen::Refused(ORIGIN_SILENT),
                Behaviour::DeadMidStream => Seen::Refused(ORIGIN_RESET),
                other => unreachable!("{other:?} has no row"),
            },
        }
    }

    /// Asks for the row's settings; false if the owner is told that they cannot be.
    async fn set(self, zone: &Zone, record: &str) -> bool {
        let (off, grpc) = ("off", if self.grpc { "on" } else { "off" });
        zone.set("grpc", off).await.unwrap();
        zone.set("ssl", self.ssl).await.unwrap();
        zone.paint(record, self.cloud).await.unwrap();
        let answer = zone.try_set("grpc", grpc).await.unwrap();
        if answer.status != 200 {
            assert_eq!(answer.refusal(), (400, 1007), "{self:?}: {answer:?}");
            assert!(answer.message().contains(self.ssl), "{self:?}: the message names the mode: {answer:?}");
            return false;
        }
        true
    }

    fn check(self, outcome: &Outcome, who: Stack) {
        let what = format!("{who:?} {self:?}");
        match self.seen() {
            Seen::Hello => assert!(outcome.is_reply(&["hello Orangery"]), "{what}: {outcome:?}"),
            Seen::Refused(face) => assert_refused(outcome, face, &what),
            Seen::CannotBeSet => unreachable!("{what}"),
        }
    }
}

struct Stage {
    zone: Zone,
    record: String,
    _origin: Origin,
}

async fn stage(edge: &Edge, behaviour: Behaviour) -> Stage {
    let zone = edge.zone().await.unwrap();
    zone.trust(&edge.authority).await.unwrap();
    let origin = edge.origin(behaviour, &zone).await.unwrap();
    let record = zone.record("grpc", &origin, Cloud::Grey).await.unwrap();
    Stage { zone, record, _origin: origin }
}

#[tokio::test]
async fn every_row_of_mode_toggle_cloud_and_origin_shows_the_visitor_what_is_promised() {
    let edge = edge().await.unwrap();
    for behaviour in Behaviour::MATRIX {
        let Stage { zone, record, _origin } = stage(&edge, behaviour).await;
        let hello = Request::new(Call::SayHello, &zone.host("grpc"));
        for row in Row::all().filter(|row| row.origin == behaviour) {
            let possible = row.set(&zone, &record).await;
            assert_eq!(possible, !matches!(row.seen(), Seen::CannotBeSet), "{row:?}");
            if possible {
                for door in edge.node().doors() {
                    row.check(&hello.send(&door).await, Stack::Tonic);
                }
            }
        }
    }
}

/// Rows that differ in who says no and when: before the journey, in it, at the origin's door, and in the middle of the answer.
const FOR_ALL_CLIENTS: [Row; 7] = [
    Row { ssl: "flexible", grpc: false, cloud: Cloud::Grey, origin: Behaviour::TlsWithHttp2 },
    Row { ssl: "flexible", grpc: false, cloud: Cloud::Orange, origin: Behaviour::TlsWithHttp2 },
    Row { ssl: "strict", grpc: true, cloud: Cloud::Orange, origin: Behaviour::TlsWithHttp2 },
    Row { ssl: "strict", grpc: true, cloud: Cloud::Orange, origin: Behaviour::Expired },
    Row { ssl: "full", grpc: true, cloud: Cloud::Orange, origin: Behaviour::TlsWithoutHttp2 },
    Row { ssl: "full", grpc: true, cloud: Cloud::Orange, origin: Behaviour::Refusing },
    Row { ssl: "full", grpc: true, cloud: Cloud::Orange, origin: Behaviour::DeadMidStream },
];

#[tokio::test]
async fn python_node_and_go_see_the_same_refusals_as_rust_over_tls_and_h2c() {
    let edge = edge().await.unwrap();
    for row in FOR_ALL_CLIENTS {
        let Stage { zone, record, _origin } = stage(&edge, row.origin).await;
        assert!(row.set(&zone, &record).await, "{row:?}");
        let hello = Request::new(Call::SayHello, &zone.host("grpc"));
        for door in edge.node().doors() {
            row.check(&hello.send(&door).await, Stack::Tonic);
            for (stack, driver) in drivers() {
                row.check(&driver.send(&door, &hello).await.unwrap(), stack);
            }
        }
    }
}
