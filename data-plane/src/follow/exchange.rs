//! An open stream, and the reports beside it.

use super::{
    backoff::Backoff,
    run::{Counter, Follower, Interruption, VERSION},
    state::{Heard, STALE_AFTER, State},
};
use policy::id::NodeId;
use proto::{
    HEARTBEAT,
    envelope::Method,
    v1::{self, link_client::LinkClient},
};
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};
use tokio::{
    task::{JoinError, JoinSet},
    time,
};
use tonic::{Code, Status, Streaming, transport::Channel};

/// The least time between two reports.
const REPORT_PAUSE: Duration = Duration::from_millis(50);
/// A report that was not taken goes again after this.
const REPORT_RETRY: Duration = Duration::from_secs(1);
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is judged whether what is in force is stale.
const STALE_TICK: Duration = Duration::from_secs(5);
/// Results of tasks that wait for a report.
const RESULTS_MAX: usize = 100;

pub(super) struct Connection<'a> {
    pub(super) follower: &'a Follower,
    pub(super) node: NodeId,
    pub(super) client: LinkClient<Channel>,
    pub(super) state: &'a mut State,
    pub(super) counter: &'a mut Counter,
    pub(super) backoff: &'a mut Backoff,
}

impl Connection<'_> {
    /// Until something goes wrong.
    pub(super) async fn listen(mut self, mut stream: Streaming<v1::Message>) -> Interruption {
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
        let begun = due;
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
                _ = tick.tick() => {
                    self.follower.judge(self.state);
                    // Something in between holds the stream back, or the control plane is stuck.
                    if self.state.is_stale(Instant::now()) && begun.elapsed() >= STALE_AFTER {
                        return Err(Interruption::Silent);
                    }
                }
            }
        }
    }

    /// Whether there is anything to report.
    fn hear(
        &mut self,
        message: v1::Message,
        results: &mut Vec<v1::TaskResult>,
    ) -> Result<bool, Interruption> {
        let current = &self.follower.current;
        let heard = self.state.hear(message, Instant::now(), &mut |changes, position, keys| {
            current.apply(changes, position, keys)
        })?;
        match heard {
            Heard::Nothing => Ok(false),
            Heard::Applied => {
                // Not before: a fault that lasts may follow any other message.
                self.backoff.succeeded();
                self.follower.judge(self.state);
                Ok(true)
            }
            Heard::Task(task) => {
                results.extend((results.len() < RESULTS_MAX).then(|| perform(task)));
                Ok(true)
            }
        }
    }

    fn report(
        &mut self,
        results: Vec<v1::TaskResult>,
    ) -> impl Future<Output = Result<(), Status>> + Send + 'static {
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
