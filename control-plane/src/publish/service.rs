//! The gRPC side of the link: who speaks, may they, and then the answer.

use super::{
    enrol::{self, EnrolError, VERSION_BYTES_MAX},
    hub::Hub,
    keys::LinkKeys,
    reports::Reports,
    session::{Arrival, Session},
    stream::{Outgoing, Stream},
};
use crate::{
    clock::Clock,
    db::{
        DbError, node_states,
        nodes::{self, Member, Rejected},
        published,
    },
    random,
};
use policy::revision::Position;
use proto::{
    CHUNKS_PER_UPDATE_MAX, MESSAGE_BYTES_MAX, POLL_WAIT_MAX, REJECTIONS_PER_REPORT_MAX,
    chunk::ChunkHash,
    envelope::{self, EnvelopeError, Method, Opened, Turn},
    v1::{self, link_server::Link},
    wire::position_from_proto,
};
use sqlx::PgPool;
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Bytes of messages in one answer to Poll, besides the last.
const POLL_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 2;
const REASON_BYTES_MAX: usize = 500;

#[derive(Clone)]
pub(super) struct LinkService {
    pub(super) pool: PgPool,
    pub(super) hub: Arc<Hub>,
    pub(super) keys: Arc<LinkKeys>,
    pub(super) clock: Clock,
    pub(super) reports: Reports,
    /// Nodes that may be sent everything at a time.
    pub(super) admissions: Arc<Semaphore>,
    pub(super) shutdown: CancellationToken,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Link for LinkService {
    type WatchStream = ReceiverStream<Result<v1::Message, Status>>;

    async fn enrol(&self, request: Request<v1::Signed>) -> Answer<v1::EnrolReply> {
        let opened = envelope::open::<v1::EnrolBody>(request.get_ref(), self.keys.cluster, Method::Enrol);
        let opened = opened.map_err(refuse_envelope)?;
        let enrolled = enrol::enrol(&self.pool, self.keys.cluster, &opened, self.clock.now()).await;
        let body = enrolled.map_err(|error| refuse_enrolment(&error))?;
        let statement = Some(self.keys.speaker().say(opened.request, 0, body));
        Ok(Response::new(v1::EnrolReply { statement }))
    }

    async fn watch(&self, request: Request<v1::Signed>) -> Answer<Self::WatchStream> {
        let (opened, member) = self.open::<v1::WatchBody>(request.get_ref(), Method::Watch).await?;
        let (sender, receiver) = mpsc::channel(1);
        let (ready, begun) = oneshot::channel();
        let service = self.clone();
        // A task of its own, for a node that goes while its stream begins must be noticed as well.
        tokio::spawn(async move {
            match service.stream(&opened, member, &opened.body, true).await {
                Ok((id, stream)) => {
                    ready.send(Ok(())).ok();
                    service.carry(member, &id, stream, sender).await;
                }
                Err(status) => drop(ready.send(Err(status))),
            }
        });
        begun.await.map_err(|_| Status::internal("the stream did not begin"))??;
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn report(&self, request: Request<v1::Signed>) -> Answer<v1::ReportReply> {
        let (opened, member) = self.open::<v1::ReportBody>(request.get_ref(), Method::Report).await?;
        let body = opened.body;
        for result in &body.results {
            tracing::debug!(node = %member.id, task = result.id, "a task is done");
        }
        metrics::counter!("orangery_link_task_results_total").increment(body.results.len() as u64);
        let report = node_states::Report {
            node: member.id,
            turn: opened.turn,
            applied: position(body.applied)?,
            rejected: body.rejected.into_iter().take(REJECTIONS_PER_REPORT_MAX).map(rejected).collect(),
            rejected_total: body.rejected_total,
            at: self.clock.now(),
        };
        if self.reports.submit(report) {
            Ok(Response::new(v1::ReportReply {}))
        } else {
            Err(Status::resource_exhausted("too many reports are waiting, send it again later"))
        }
    }

    async fn poll(&self, request: Request<v1::Signed>) -> Answer<v1::PollReply> {
        let (opened, member) = self.open::<v1::PollBody>(request.get_ref(), Method::Poll).await?;
        let watch = opened.body.watch.clone().unwrap_or_default();
        let wait = Duration::from_millis(opened.body.wait_millis.into()).min(POLL_WAIT_MAX);
        // Between two polls the node counts as connected, until it was not heard for a while.
        let (_, stream) = self.stream(&opened, member, &watch, false).await?;
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(stream.run(sender));
        Ok(Response::new(v1::PollReply { messages: gather(receiver, wait).await? }))
    }
}

impl LinkService {
    /// Verifies a request and finds the node that it comes from.
    async fn open<B: prost::Message + Default>(
        &self,
        signed: &v1::Signed,
        method: Method,
    ) -> Result<(Opened<B>, Member), Status> {
        let opened = envelope::open::<B>(signed, self.keys.cluster, method).map_err(refuse_envelope)?;
        let known = self.hub.published().borrow().members.by_key(opened.key);
        let member = match known {
            Some(member) => Some(member),
            None => {
                let mut conn = self.pool.acquire().await.map_err(|error| unavailable(&error.into()))?;
                nodes::member_by_key(&mut conn, opened.key).await.map_err(|error| unavailable(&error))?
            }
        };
        match member {
            Some(member) if member.revoked => Err(Status::permission_denied("the node is revoked")),
            Some(member) if opened.node == Some(member.id) => Ok((opened, member)),
            Some(_) | None => {
                Err(Status::unauthenticated("the node is not enrolled here; enrol it with a new token"))
            }
        }
    }

    /// Takes the turn of a request and makes the stream that answers it, with the name under which it ends.
    async fn stream<B>(
        &self,
        opened: &Opened<B>,
        member: Member,
        body: &v1::WatchBody,
        wants_ping: bool,
    ) -> Result<(String, Stream), Status> {
        let (held, have) = (held(body)?, position(body.have.clone())?);
        let published = self.hub.published();
        // Asked for before the database is: should it be replaced in between, the epoch is over and the node is reset.
        let epoch = published.borrow().epoch;
        let id = hex::encode(random::bytes::<16>());
        let known = self.begin(member, opened.turn, &id, &body.version, have).await?;
        tracing::info!(node = %member.id, revision = %have.revision, known, "a stream begins");
        let arrival = Arrival {
            node: member.id,
            receiving_key: member.receiving_key,
            request: opened.request,
            have: known.then_some(have),
            held,
            wants_ping,
        };
        let stream = Stream {
            node: member.id,
            session: Session::new(arrival, epoch, Instant::now()),
            published,
            keys: Arc::clone(&self.keys),
            admissions: Arc::clone(&self.admissions),
            admitted: None,
            shutdown: self.shutdown.clone(),
        };
        Ok((id, stream))
    }

    /// Notes the beginning of a stream; returns whether what the node has is part of history.
    async fn begin(
        &self,
        member: Member,
        turn: Turn,
        stream: &str,
        version: &str,
        have: Position,
    ) -> Result<bool, Status> {
        let mut conn = self.pool.acquire().await.map_err(|error| unavailable(&error.into()))?;
        let now = self.clock.now();
        let begun = node_states::begin_stream(&mut conn, member.id, turn, stream, version, now).await;
        if !begun.map_err(|error| unavailable(&error))? {
            return Err(Status::aborted("a request is good once, and this one or a later one was seen"));
        }
        // The database is asked, and not this replica's memory, which may be behind it or from before a restore.
        published::knows(&mut conn, have).await.map_err(|error| unavailable(&error))
    }

    async fn carry(&self, member: Member, id: &str, stream: Stream, sender: Outgoing) {
        metrics::gauge!("orangery_link_streams").increment(1);
        let end = stream.run(sender).await;
        metrics::gauge!("orangery_link_streams").decrement(1);
        tracing::info!(node = %member.id, %end, "a stream ended");
        self.end_stream(member, id).await;
    }

    async fn end_stream(&self, member: Member, id: &str) {
        let ended = match self.pool.acquire().await {
            Ok(mut conn) => node_states::end_stream(&mut conn, member.id, id).await,
            Err(error) => Err(error.into()),
        };
        // Unwritten, the node counts as connected until it was not heard for a while.
        if let Err(error) = ended {
            tracing::warn!(node = %member.id, %error, "the end of a stream could not be noted");
        }
    }
}

/// The beginning of a stream: what it says at once, or the first that it says within `wait`.
async fn gather(
    mut receiver: mpsc::Receiver<Result<v1::Message, Status>>,
    wait: Duration,
) -> Result<Vec<v1::Message>, Status> {
    /// Long enough for the next message of a stream that is busy.
    const PAUSE: Duration = Duration::from_millis(20);
    let until = time::Instant::now() + wait;
    let (mut messages, mut bytes, mut updates) = (Vec::new(), 0, false);
    while bytes < POLL_BYTES_MAX {
        let patience = if updates { time::Instant::now() + PAUSE } else { until };
        match time::timeout_at(patience, receiver.recv()).await {
            Ok(Some(message)) => {
                let message = message?;
                bytes += prost::Message::encoded_len(&message);
                // The greeting alone is no news.
                updates |= matches!(message.kind, Some(v1::message::Kind::Chunk(_)));
                messages.push(message);
            }
            Ok(None) | Err(_) => break,
        }
    }
    Ok(messages)
}

fn held(body: &v1::WatchBody) -> Result<HashSet<ChunkHash>, Status> {
    if body.chunks.len() > CHUNKS_PER_UPDATE_MAX || body.version.len() > VERSION_BYTES_MAX {
        return Err(Status::invalid_argument("the request names too much"));
    }
    let held: Option<_> = body.chunks.iter().map(|hash| (**hash).try_into().ok()).collect();
    held.ok_or_else(|| Status::invalid_argument("a chunk's hash has 32 bytes"))
}

fn position(position: Option<v1::Position>) -> Result<Position, Status> {
    position_from_proto(position).map_err(|error| Status::invalid_argument(error.to_string()))
}

fn rejected(rejection: v1::Rejection) -> Rejected {
    use v1::rejection::Reason;
    let (needs_newer_node, mut reason) = match rejection.reason {
        Some(Reason::NeedsNewerNode(needs)) => (true, needs.what),
        Some(Reason::Invalid(invalid)) => (false, invalid.reason),
        None => (false, "for a reason that this control plane does not know".to_owned()),
    };
    // NUL cannot be kept by the database.
    reason = reason.replace('\0', " ");
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    let mut document = rejection.document.replace('\0', " ");
    document.truncate(document.floor_char_boundary(REASON_BYTES_MAX));
    Rejected { document, needs_newer_node, reason }
}

fn refuse_envelope(error: EnvelopeError) -> Status {
    match error {
        EnvelopeError::Identity(_) | EnvelopeError::OtherCluster(_) => {
            Status::unauthenticated(error.to_string())
        }
        EnvelopeError::Malformed(_) | EnvelopeError::InvalidId(_) | EnvelopeError::OtherMethod => {
            Status::invalid_argument(error.to_string())
        }
    }
}

fn refuse_enrolment(error: &EnrolError) -> Status {
    match error {
        EnrolError::Database(error) => unavailable(error),
        EnrolError::Keys | EnrolError::Name | EnrolError::Version => {
            Status::invalid_argument(error.to_string())
        }
        EnrolError::Possession(_) | EnrolError::UnknownToken => Status::unauthenticated(error.to_string()),
        EnrolError::Expired | EnrolError::UsedUp | EnrolError::Revoked | EnrolError::KeyTaken => {
            Status::permission_denied(error.to_string())
        }
    }
}

fn unavailable(error: &DbError) -> Status {
    tracing::warn!(%error, "a request of a node could not be judged");
    Status::unavailable("the control plane cannot reach its database")
}
