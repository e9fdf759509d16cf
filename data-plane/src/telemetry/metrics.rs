use super::access_log::{Entry, Outcome, dialect_name};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use policy::grpc::Dialect;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 300.0];
/// The statuses that gRPC defines; others are counted as the last label.
const GRPC_STATUSES: usize = 17;
const DIALECTS: [Dialect; 3] = [Dialect::Grpc, Dialect::GrpcWeb, Dialect::Http];

/// The counters of one node. Handles are resolved once; labels come from closed lists only.
pub struct Metrics {
    recorder: PrometheusRecorder,
    prometheus: PrometheusHandle,
    requests: [[Counter; 4]; 3],
    durations: [Histogram; 3],
    grpc_statuses: Vec<Counter>,
    refusals: Mutex<HashMap<&'static str, Counter>>,
    request_bytes: Counter,
    response_bytes: Counter,
    pub log_lines_dropped: Counter,
    pub visitor_connections: Gauge,
    /// Those that are open.
    pub websockets: Gauge,
    pub origin_connections: Gauge,
    pub zones: Gauge,
    pub revision: Gauge,
    /// 1 while the control plane is not heard.
    pub stale: Gauge,
    handshakes_refused: Mutex<HashMap<&'static str, Counter>>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // Only an empty list of buckets is refused.
        let builder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let prometheus = recorder.handle();
        let this = with_local_recorder(&recorder, || {
            let requests = DIALECTS.map(|dialect| {
                Outcome::ALL.map(|outcome| {
                    let (dialect, outcome) = (dialect_name(dialect), outcome.as_str());
                    counter!("orangery_requests_total", "dialect" => dialect, "outcome" => outcome)
                })
            });
            let durations = DIALECTS.map(
                |dialect| histogram!("orangery_request_duration_seconds", "dialect" => dialect_name(dialect)),
            );
            let status = |code: usize| match code {
                GRPC_STATUSES => "other".to_owned(),
                code => code.to_string(),
            };
            let grpc_statuses = (0..=GRPC_STATUSES)
                .map(|code| counter!("orangery_grpc_responses_total", "status" => status(code)));
            Self {
                prometheus,
                requests,
                durations,
                grpc_statuses: grpc_statuses.collect(),
                refusals: Mutex::default(),
                request_bytes: counter!("orangery_request_bytes_total"),
                response_bytes: counter!("orangery_response_bytes_total"),
                log_lines_dropped: counter!("orangery_access_log_dropped_total"),
                visitor_connections: gauge!("orangery_visitor_connections"),
                websockets: gauge!("orangery_websockets"),
                origin_connections: gauge!("orangery_origin_connections"),
                zones: gauge!("orangery_zones"),
                revision: gauge!("orangery_revision"),
                stale: gauge!("orangery_configuration_stale"),
                handshakes_refused: Mutex::default(),
                recorder: PrometheusBuilder::new().build_recorder(),
            }
        });
        Self { recorder, ..this }
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        self.tidy();
        self.prometheus.render()
    }

    /// Gathers single measurements into their histograms; they pile up otherwise, where nobody reads the text.
    pub(super) fn tidy(&self) {
        self.prometheus.run_upkeep();
    }

    /// A connection that ended before its first request, by one of a fixed list of reasons.
    pub fn handshake_refused(&self, reason: &'static str) {
        self.labelled(&self.handshakes_refused, "orangery_handshakes_refused_total", reason);
    }

    pub(super) fn count(&self, entry: &Entry) {
        let dialect = match entry.dialect {
            Dialect::Grpc => 0,
            Dialect::GrpcWeb => 1,
            Dialect::Http => 2,
        };
        self.requests[dialect][entry.outcome as usize].increment(1);
        self.durations[dialect].record(entry.lasted.as_secs_f64());
        self.request_bytes.increment(entry.request_bytes);
        self.response_bytes.increment(entry.response_bytes);
        if let Some(status) = entry.grpc_status {
            self.grpc_statuses[usize::from(status).min(GRPC_STATUSES)].increment(1);
        }
        if let Some(reason) = entry.reason {
            self.labelled(&self.refusals, "orangery_refusals_total", reason);
        }
    }

    fn labelled(
        &self,
        counters: &Mutex<HashMap<&'static str, Counter>>,
        name: &'static str,
        reason: &'static str,
    ) {
        let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || with_local_recorder(&self.recorder, || counter!(name, "reason" => reason));
        counters.entry(reason).or_insert_with(make).increment(1);
    }
}
