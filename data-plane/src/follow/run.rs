//! Carries messages between a control plane and [`State`], and comes again when the stream ends.

use super::{
    backoff::Backoff,
    connect::{self, ConnectError, Proxy},
    enrol::{self, EnrolError},
    identity::{Identity, StateError},
    state::{Credentials, Fault, Heard, State},
};
use crate::current::Current;
use policy::id::NodeId;
use proto::{
    HEARTBEAT,
    enrolment_token::EnrolmentToken,
    envelope::{self, Method, RequestId, Turn},
    identity::SigningKey,
    v1::{self, link_client::LinkClient},
};
use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming, transport::Channel};

/// The least time between two reports.
const REPORT_PAUSE: Duration = Duration::from_millis(50);
/// A report that was not taken goes again after this.
const REPORT_RETRY: Duration = Duration::from_secs(1);
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a node without a stream looks whether it is stale by now.
const STALE_TICK: Duration = Duration::from_secs(5);
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Results of tasks that wait for a report.
const RESULTS_MAX: usize = 100;

/// How well following goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing was heard yet.
    Starting,
    Following,
    /// Nothing was heard for a while: what is in force stays, and may be out of date.
    Stale,
}

/// Why there is no stream for now.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error("cannot connect")]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the control plane says: {}", .0.message())]
    Status(#[from] Box<Status>),
    #[error("the stream ended")]
    Ended,
    #[error("the stream is not to be trusted: {0}")]
    Fault(#[from] Fault),
}

pub(super) struct Follower {
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) proxy: Option<Proxy>,
    pub(super) name: String,
    pub(super) identity: Identity,
    pub(super) token: Option<EnrolmentToken>,
    pub(super) addresses: Vec<String>,
    pub(super) current: Arc<Current>,
    pub(super) condition: watch::Sender<Condition>,
    pub(super) shutdown: CancellationToken,
}

impl Follower {
    pub(super) async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        shutdown.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&mut self) {
        let mut backoff = Backoff::default();
        let mut counter = Counter::default();
        let mut state: Option<State> = None;
        let first = getrandom::u32().unwrap_or_default() as usize;
        for attempt in first.. {
            let address = self.addresses[attempt % self.addresses.len().max(1)].clone();
            let interruption = match self.attempt(&address, &mut state, &mut counter, &mut backoff).await {
                Ok(never) => match never {},
                Err(interruption) => interruption,
            };
            let wait = backoff.next(getrandom::u32().unwrap_or_default());
            tracing::warn!(address, error = %chain(&interruption), retry_in = ?wait, "not following the control plane");
            self.pause(wait, state.as_ref()).await;
        }
    }

    /// One connection to one control plane, for as long as it lasts.
    async fn attempt(
        &mut self,
        address: &str,
        state: &mut Option<State>,
        counter: &mut Counter,
        backoff: &mut Backoff,
    ) -> Result<Infallible, Interruption> {
        let mut client = connect::connect(address, Arc::clone(&self.tls), self.proxy.clone()).await?;
        let node = self.admitted(&mut client, counter).await?;
        let state = match state {
            Some(state) => state,
            None => state.insert(State::new(self.credentials(node), Instant::now())),
        };
        let turn = counter.next(self.identity.session);
        let body = state.watch_body(VERSION);
        let (signed, request) = self.sign(Method::Watch, node, turn, &body);
        let stream = client.watch(signed).await.map_err(Box::new)?.into_inner();
        state.begin(request);
        let connection = Connection { follower: self, node, client, state, counter, backoff };
        let end = connection.listen(stream).await;
        Err(end)
    }

    async fn admitted(&mut self, client: &mut LinkClient<Channel>, counter: &mut Counter) -> Result<NodeId, Interruption> {
        if let Some(node) = self.identity.node {
            return Ok(node);
        }
        let Some(token) = &self.token else { return Err(StateError::NotEnrolled.into()) };
        let turn = counter.next(self.identity.session);
        let node = enrol::enrol(client, &self.identity, token, &self.name, turn).await?;
        self.identity.enrolled(node)?;
        tracing::info!(%node, "enrolled");
        Ok(node)
    }

    fn credentials(&self, node: NodeId) -> Credentials {
        let Identity { cluster, publisher, receiving, .. } = &self.identity;
        Credentials { cluster: *cluster, node, publisher: *publisher, receiving: receiving.clone() }
    }

    fn sign(&self, method: Method, node: NodeId, turn: Turn, body: &impl prost::Message) -> (v1::Signed, RequestId) {
        let key: &SigningKey = &self.identity.signing;
        envelope::sign(key, self.identity.cluster, method, Some(node), turn, body)
    }

    /// Waits, and notices when what is in force becomes stale.
    async fn pause(&self, wait: Duration, state: Option<&State>) {
        let until = time::Instant::now() + wait;
        while time::Instant::now() < until {
            time::sleep_until(until.min(time::Instant::now() + STALE_TICK)).await;
            if let Some(state) = state {
                self.judge(state);
            }
        }
    }

    fn judge(&self, state: &State) {
        let condition = if state.is_stale(Instant::now()) { Condition::Stale } else { Condition::Following };
        let changed = self.condition.send_if_modified(|known| std::mem::replace(known, condition) != condition);
        if changed && condition == Condition::Stale {
            tracing::warn!("nothing was heard of the control plane for a minute: what is in force may be out of date");
        }
    }
}

/// Numbers the requests of a session.
#[derive(Debug, Default)]
struct Counter(u64);

impl Counter {
    fn next(&mut self, session: u64) -> Turn {
        self.0 += 1;
        Turn { session, counter: self.0 }
    }
}

/// An open stream, and reports beside it.
struct Connection<'a> {
    follower: &'a Follower,
    node: NodeId,
    client: LinkClient<Channel>,
    state: &'a mut State,
    counter: &'a mut Counter,
    backoff: &'a mut Backoff,
}

impl Connection<'_> {
    async fn listen(mut self, mut stream: Streaming<v1::Message>) -> Interruption {
        let interruption = match self.exchange(&mut stream).await {
            Ok(never) => match never {},
            Err(interruption) => interruption,
        };
        self.state.end();
        interruption
    }

    /// Hears messages and reports what became of them; one report at a time, so that none overtakes another.
    async fn exchange(&mut self, stream: &mut Streaming<v1::Message>) -> Result<Infallible, Interruption> {
        // The first report goes at once: the control plane learns what a node that comes back has in force.
        let mut due = time::Instant::now();
        let mut pause_ends = due;
        let mut results = Vec::new();
        let mut reporting = JoinSet::new();
        let mut tick = time::interval(STALE_TICK);
        loop {
            tokio::select! {
                message = stream.message() => {
                    let message = message.map_err(Box::new)?.ok_or(Interruption::Ended)?;
                    if self.hear(message, &mut results)? {
                        due = pause_ends;
                    }
                }
                Some(outcome) = reporting.join_next() => {
                    if let Some(again) = retry_after(outcome)? {
                        due = due.min(time::Instant::now() + again);
                    }
                }
                () = time::sleep_until(due), if reporting.is_empty() => {
                    let now = time::Instant::now();
                    (due, pause_ends) = (now + HEARTBEAT, now + REPORT_PAUSE);
                    reporting.spawn(self.report(std::mem::take(&mut results)));
                }
                _ = tick.tick() => self.follower.judge(self.state),
            }
        }
    }

    /// Whether there is anything to report.
    fn hear(&mut self, message: v1::Message, results: &mut Vec<v1::TaskResult>) -> Result<bool, Interruption> {
        let current = &self.follower.current;
        let heard = self.state.hear(message, Instant::now(), &mut |changes, position, keys| {
            current.apply(changes, position, keys)
        })?;
        self.backoff.succeeded();
        match heard {
            Heard::Nothing => Ok(false),
            Heard::Applied => {
                self.follower.judge(self.state);
                Ok(true)
            }
            Heard::Task(task) => {
                results.extend((results.len() < RESULTS_MAX).then(|| perform(task)));
                Ok(true)
            }
        }
    }

    fn report(&mut self, results: Vec<v1::TaskResult>) -> impl Future<Output = Result<(), Status>> + Send + 'static {
        let turn = self.counter.next(self.follower.identity.session);
        let body = self.state.report(VERSION, results);
        let (signed, _) = self.follower.sign(Method::Report, self.node, turn, &body);
        let mut client = self.client.clone();
        async move {
            let mut request = tonic::Request::new(signed);
            request.set_timeout(REPORT_TIMEOUT);
            client.report(request).await.map(drop)
        }
    }
}

/// When a report that was not taken goes again; an error if the node is not welcome any more.
fn retry_after(outcome: Result<Result<(), Status>, JoinError>) -> Result<Option<Duration>, Interruption> {
    match outcome {
        Ok(Ok(())) => Ok(None),
        Ok(Err(status)) if matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied) => {
            Err(Box::new(status).into())
        }
        Ok(Err(_)) | Err(_) => Ok(Some(REPORT_RETRY)),
    }
}

fn perform(task: v1::Task) -> v1::TaskResult {
    use v1::{task::Kind, task_result::Outcome};
    let outcome = match task.kind {
        Some(Kind::Ping(_)) => Outcome::Pong(v1::Pong {}),
        None => Outcome::Unknown(v1::UnknownTask {}),
    };
    v1::TaskResult { id: task.id, outcome: Some(outcome) }
}

/// An error with its sources, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
