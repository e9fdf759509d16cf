use crate::journey::{Ray, head::Protocol};
use policy::{grpc::Dialect, hostname::Hostname, revision::Revision};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    net::IpAddr,
    path::PathBuf,
    str::FromStr,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, SystemTime},
};

/// Lines that may wait for the writer.
const QUEUE_LINES_MAX: usize = 16_384;
const FLUSH_AFTER: Duration = Duration::from_millis(200);
/// Of longer paths only the beginning is written.
const PATH_BYTES_MAX: usize = 2048;

/// Everything that is told about one request.
#[derive(Debug)]
pub struct Entry {
    pub time: SystemTime,
    pub ray: Ray,
    pub zone: Option<Hostname>,
    pub host: Option<String>,
    pub visitor: IpAddr,
    pub tls: bool,
    pub protocol: Protocol,
    pub dialect: Dialect,
    pub method: String,
    pub path: String,
    /// Service and method.
    pub grpc_call: Option<(String, String)>,
    pub revision: Revision,
    pub outcome: Outcome,
    pub http_status: u16,
    pub grpc_status: Option<u16>,
    pub reason: Option<&'static str>,
    pub request_bytes: u64,
    pub response_bytes: u64,
    /// From arrival to the head of the answer.
    pub answered_after: Option<Duration>,
    pub lasted: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Carried,
    Refused,
    Redirected,
    /// The visitor went away first.
    Left,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Carried, Self::Refused, Self::Redirected, Self::Left];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Carried => "carried",
            Self::Refused => "refused",
            Self::Redirected => "redirected",
            Self::Left => "left",
        }
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        let millis = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
        let (service, method) =
            self.grpc_call.as_ref().map_or((None, None), |(service, method)| (Some(service), Some(method)));
        json!({
            "time": jiff::Timestamp::try_from(self.time).map(|time| time.to_string()).unwrap_or_default(),
            "ray": self.ray.to_string(),
            "zone": self.zone.as_ref().map(Hostname::as_str),
            "host": self.host,
            "visitor": self.visitor,
            "tls": self.tls,
            "protocol": self.protocol.as_str(),
            "dialect": dialect_name(self.dialect),
            "method": self.method,
            "path": self.path.get(..PATH_BYTES_MAX).unwrap_or(&self.path),
            "grpc_service": service,
            "grpc_method": method,
            "revision": self.revision.0,
            "outcome": self.outcome.as_str(),
            "http_status": self.http_status,
            "grpc_status": self.grpc_status,
            "reason": self.reason,
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "answered_after_ms": self.answered_after.map(millis),
            "lasted_ms": millis(self.lasted),
        })
    }
}

pub(super) fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Grpc => "grpc",
        Dialect::GrpcWeb => "grpc-web",
        Dialect::Http => "http",
    }
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AccessLogTarget {
    Off,
    #[default]
    Stdout,
    File(PathBuf),
}

impl FromStr for AccessLogTarget {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "off" => Self::Off,
            "stdout" | "-" => Self::Stdout,
            path => Self::File(path.into()),
        })
    }
}

/// A thread that writes, behind a bounded queue. It ends with the last holder of the queue.
pub struct AccessLog(Option<SyncSender<Box<Entry>>>);

impl AccessLog {
    /// The writer ends, with every line written, once the log itself is dropped.
    pub fn open(target: &AccessLogTarget) -> io::Result<(Self, Option<thread::JoinHandle<()>>)> {
        let sink: Box<dyn Write + Send> = match target {
            AccessLogTarget::Off => return Ok((Self(None), None)),
            AccessLogTarget::Stdout => Box::new(io::stdout()),
            AccessLogTarget::File(path) => Box::new(OpenOptions::new().create(true).append(true).open(path)?),
        };
        let (lines, queue) = sync_channel(QUEUE_LINES_MAX);
        let writer = thread::Builder::new().name("access-log".into());
        let writer = writer.spawn(move || write_lines(&queue, BufWriter::new(sink)))?;
        Ok((Self(Some(lines)), Some(writer)))
    }

    /// Whether the line was taken.
    pub(super) fn write(&self, entry: Box<Entry>) -> bool {
        self.0.as_ref().is_none_or(|lines| lines.try_send(entry).is_ok())
    }
}

fn write_lines(queue: &Receiver<Box<Entry>>, mut sink: impl Write) {
    loop {
        // A sink that fails (a closed pipe, a full disk) must not stop the node; its lines are lost.
        let _ = match queue.recv_timeout(FLUSH_AFTER) {
            Ok(entry) => writeln!(sink, "{}", entry.to_json()),
            Err(RecvTimeoutError::Timeout) => sink.flush(),
            Err(RecvTimeoutError::Disconnected) => {
                let _ = sink.flush();
                return;
            }
        };
    }
}
