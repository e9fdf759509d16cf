//! What a node tells about its work: a log line a request, counters, and its health.

mod access_log;
mod admin;
mod metrics;

pub use access_log::{AccessLog, AccessLogTarget, Entry, Outcome};
pub use admin::serve_admin;
pub use metrics::Metrics;

/// Where finished requests are told.
pub struct Telemetry {
    pub metrics: Metrics,
    log: AccessLog,
}

impl Telemetry {
    pub fn new(log: AccessLog) -> Self {
        Self { metrics: Metrics::new(), log }
    }

    /// Counts a request and writes its line. Never waits: if the writer cannot keep up, lines are dropped and counted.
    pub fn record(&self, entry: Box<Entry>) {
        self.metrics.count(&entry);
        if !self.log.write(entry) {
            self.metrics.log_lines_dropped.increment(1);
        }
    }
}
