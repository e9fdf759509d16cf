use super::{
    head::{Arrival, Head},
    ray::Ray,
};
use crate::{
    current::LiveZone,
    origin::Failure,
    telemetry::{Entry, Outcome, Telemetry},
};
use http::{HeaderMap, StatusCode};
use policy::{
    grpc::{self, Dialect, Status},
    revision::Revision,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// What will be told about a request when it is over. Dropped before it is closed, it tells of a visitor who left.
pub struct Account {
    open: Option<Box<Entry>>,
    began: Instant,
    telemetry: Arc<Telemetry>,
}

impl Account {
    pub fn open(telemetry: Arc<Telemetry>, head: &Head<'_>, path: &str, ray: &Ray, began: Instant) -> Self {
        let dialect = Dialect::of(head.content_type);
        let called = if dialect == Dialect::Http { None } else { grpc::service_and_method(path) };
        let entry = Entry {
            time: SystemTime::now(),
            ray: ray.clone(),
            zone: None,
            host: None,
            visitor: head.visitor.address,
            tls: matches!(head.visitor.arrival, Arrival::Tls { .. }),
            protocol: head.protocol,
            dialect,
            method: head.method.to_owned(),
            path: path.to_owned(),
            grpc_call: called.map(|(service, method)| (service.to_owned(), method.to_owned())),
            revision: Revision::default(),
            outcome: Outcome::Left,
            http_status: 499,
            grpc_status: (dialect == Dialect::Grpc).then_some(Status::Cancelled.code().into()),
            reason: None,
            request_bytes: 0,
            response_bytes: 0,
            answered_after: None,
            lasted: Duration::ZERO,
        };
        Self { open: Some(Box::new(entry)), began, telemetry }
    }

    pub fn telemetry(&self) -> &Arc<Telemetry> {
        &self.telemetry
    }

    pub fn decided_by(&mut self, revision: Revision) {
        self.note(|entry| entry.revision = revision);
    }

    pub fn asked_for(&mut self, host: &str) {
        self.note(|entry| entry.host = Some(host.to_owned()));
    }

    pub fn within(&mut self, zone: &LiveZone) {
        self.note(|entry| entry.zone = Some(zone.zone.name.clone()));
    }

    pub fn refused(&mut self, failure: &Failure) {
        let face = failure.refusal.face();
        self.note(|entry| {
            entry.outcome = Outcome::Refused;
            entry.reason = Some(face.reason);
            if entry.http_status == 499 {
                entry.http_status = face.http_status;
            }
            if entry.dialect == Dialect::Grpc {
                entry.grpc_status = Some(face.grpc_status.code().into());
            }
        });
    }

    /// The visitor was sent elsewhere, or the origin's head is on its way to them.
    pub fn answered(&mut self, status: StatusCode, outcome: Outcome) {
        let after = self.began.elapsed();
        self.note(|entry| {
            entry.http_status = status.as_u16();
            entry.outcome = outcome;
            entry.answered_after = Some(after);
        });
    }

    /// Reads the status of a call from its trailers.
    pub fn ended_with(&mut self, trailers: &HeaderMap) {
        let status = trailers
            .get("grpc-status")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok());
        self.note(|entry| entry.grpc_status = status.or(entry.grpc_status));
    }

    pub fn carried_down(&mut self, bytes: u64) {
        self.note(|entry| entry.response_bytes += bytes);
    }

    pub fn carried_up(&mut self, bytes: u64) {
        self.note(|entry| entry.request_bytes = bytes);
    }

    /// The visitor went away in the middle of the answer.
    pub fn left(&mut self) {
        self.note(|entry| {
            entry.outcome = Outcome::Left;
            entry.grpc_status = (entry.dialect == Dialect::Grpc).then_some(Status::Cancelled.code().into());
        });
    }

    /// The same account in other hands; what stays here has nothing left to tell.
    pub fn hand_over(&mut self) -> Self {
        Self { open: self.open.take(), began: self.began, telemetry: Arc::clone(&self.telemetry) }
    }

    pub fn close(&mut self) {
        if let Some(mut entry) = self.open.take() {
            entry.lasted = self.began.elapsed();
            self.telemetry.record(entry);
        }
    }

    fn note(&mut self, note: impl FnOnce(&mut Entry)) {
        if let Some(entry) = &mut self.open {
            note(entry);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.close();
    }
}
