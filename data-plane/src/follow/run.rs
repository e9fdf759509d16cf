//! Carries messages between a control plane and [`State`], and comes again when the stream ends.

use super::{
    backoff::Backoff,
    connect::{self, ConnectError},
    enrol::{self, EnrolError},
    exchange::Connection,
    identity::{Identity, StateError},
    state::{Credentials, Fault, State},
};
use crate::current::Current;
use hyper_util::client::proxy::matcher::Matcher;
use policy::id::NodeId;
use proto::{
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
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport::Channel};

/// How often a node without a stream looks whether it is stale by now.
const STALE_TICK: Duration = Duration::from_secs(5);
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How long a control plane may take to answer at all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How well following goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is in force yet.
    Starting,
    Following,
    /// Nothing was heard for a while: what is in force stays, and may be out of date.
    Stale,
}

/// Why there is no stream for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interruption {
    #[error("cannot connect")]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the control plane says: {}", .0.message())]
    Status(#[from] Box<Status>),
    #[error("no answer for {} s", ANSWER_TIMEOUT.as_secs())]
    NoAnswer(#[from] time::error::Elapsed),
    #[error("the stream ended")]
    Ended,
    #[error("the stream is silent")]
    Silent,
    #[error("the stream is not to be trusted: {0}")]
    Fault(#[from] Fault),
}

pub(super) struct Follower {
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) proxies: Matcher,
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
        let mut client = connect::connect(address, Arc::clone(&self.tls), &self.proxies).await?;
        let node = self.admitted(&mut client, counter).await?;
        let credentials = self.credentials(node);
        let state = match state {
            Some(state) => state.become_node(credentials),
            None => state.insert(State::new(credentials, Instant::now())),
        };
        let turn = counter.next(self.identity.session);
        let body = state.watch_body(VERSION);
        let (signed, request) = self.sign(Method::Watch, node, turn, &body);
        let answer = time::timeout(ANSWER_TIMEOUT, client.watch(signed)).await?;
        let stream = answer.map_err(|status| self.note_refusal(status))?.into_inner();
        state.begin(request);
        let connection = Connection { follower: self, node, client, state, counter, backoff };
        let end = connection.listen(stream).await;
        Err(end)
    }

    /// A control plane that does not know this node, after its database was restored, admits it again with a good token.
    fn note_refusal(&mut self, status: Status) -> Box<Status> {
        if status.code() == Code::Unauthenticated && self.token.is_some() {
            self.identity.node = None;
        }
        Box::new(status)
    }

    async fn admitted(
        &mut self,
        client: &mut LinkClient<Channel>,
        counter: &mut Counter,
    ) -> Result<NodeId, Interruption> {
        if let Some(node) = self.identity.node {
            return Ok(node);
        }
        let Some(token) = &self.token else { return Err(StateError::NotEnrolled.into()) };
        let turn = counter.next(self.identity.session);
        let enrolment = enrol::enrol(client, &self.identity, token, &self.name, turn);
        let node = time::timeout(ANSWER_TIMEOUT, enrolment).await??;
        self.identity.enrolled(node)?;
        tracing::info!(%node, "enrolled");
        Ok(node)
    }

    fn credentials(&self, node: NodeId) -> Credentials {
        let Identity { cluster, publisher, receiving, .. } = &self.identity;
        Credentials { cluster: *cluster, node, publisher: *publisher, receiving: receiving.clone() }
    }

    pub(super) fn sign(
        &self,
        method: Method,
        node: NodeId,
        turn: Turn,
        body: &impl prost::Message,
    ) -> (v1::Signed, RequestId) {
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

    pub(super) fn judge(&self, state: &State) {
        let condition = match state.have() {
            None => Condition::Starting,
            Some(_) if state.is_stale(Instant::now()) => Condition::Stale,
            Some(_) => Condition::Following,
        };
        self.current.set_stale(condition == Condition::Stale);
        let changed =
            self.condition.send_if_modified(|known| std::mem::replace(known, condition) != condition);
        if changed && condition == Condition::Stale {
            tracing::warn!(
                "nothing was heard of the control plane for a minute: what is in force may be out of date"
            );
        }
    }
}

/// Numbers the requests of a session.
#[derive(Debug, Default)]
pub(super) struct Counter(u64);

impl Counter {
    pub(super) fn next(&mut self, session: u64) -> Turn {
        self.0 += 1;
        Turn { session, counter: self.0 }
    }
}

/// An error with its sources, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
