//! Drives one [`Session`]: gives it time, publications and room to send.

use super::{
    hub::Published,
    keys::LinkKeys,
    session::{Next, Session, SessionError},
};
use policy::id::NodeId;
use proto::v1;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// A node that takes nothing for so long has lost its stream, so that it holds no place among those that get everything.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// The receiving end is dropped when the node goes.
pub(super) type Outgoing = mpsc::Sender<Result<v1::Message, Status>>;

pub(super) struct Stream {
    pub(super) node: NodeId,
    pub(super) session: Session,
    pub(super) published: watch::Receiver<Published>,
    pub(super) keys: Arc<LinkKeys>,
    pub(super) admissions: Arc<Semaphore>,
    pub(super) admitted: Option<OwnedSemaphorePermit>,
    pub(super) shutdown: CancellationToken,
}

/// Why a stream ends, as the node is told.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error("the node went away")]
    Gone,
    #[error("the node is revoked")]
    Revoked,
    #[error("the node takes no messages")]
    Stuck,
    #[error("the control plane is stopping")]
    Stopping,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl End {
    fn status(&self) -> Status {
        match self {
            Self::Revoked => Status::permission_denied(self.to_string()),
            Self::Gone | Self::Stuck | Self::Stopping => Status::unavailable(self.to_string()),
            Self::Session(_) => Status::internal(self.to_string()),
        }
    }
}

impl Stream {
    /// Runs until the node goes, is revoked, or the control plane stops.
    pub(super) async fn run(mut self, outgoing: Outgoing) -> End {
        let end = loop {
            if let Err(end) = self.step(&outgoing).await {
                break end;
            }
        };
        // Only a hint: the node may be gone.
        outgoing.try_send(Err(end.status())).ok();
        end
    }

    /// Sends one message, or waits until there may be one.
    async fn step(&mut self, outgoing: &Outgoing) -> Result<(), End> {
        let room = tokio::select! {
            () = self.shutdown.cancelled() => return Err(End::Stopping),
            room = time::timeout(SEND_TIMEOUT, outgoing.reserve()) => room.map_err(|_| End::Stuck)?.map_err(|_| End::Gone)?,
        };
        let published = self.newest()?;
        let next = self.session.next(&published, &self.keys.speaker(), Instant::now())?;
        let next = match next {
            Next::AwaitAdmission if self.admitted.is_some() => {
                self.session.admit(&published, &self.keys.speaker(), Instant::now())?
            }
            next => next,
        };
        match next {
            Next::Send(message) => {
                room.send(Ok(*message));
                Ok(())
            }
            Next::AwaitAdmission => {
                drop(room);
                self.admission(outgoing).await
            }
            Next::WaitUntil(at) => {
                drop(room);
                self.admitted = None;
                self.wait(outgoing, at).await
            }
        }
    }

    /// What is published, unless this node may not have it any more.
    fn newest(&mut self) -> Result<Published, End> {
        let published = self.published.borrow_and_update().clone();
        if published.members.is_revoked(self.node) { Err(End::Revoked) } else { Ok(published) }
    }

    /// Waits for a place, and then for the newest documents to be encoded away from the threads that carry streams.
    async fn admission(&mut self, outgoing: &Outgoing) -> Result<(), End> {
        let place = Arc::clone(&self.admissions).acquire_owned();
        self.admitted = Some(self.alive_until(outgoing, place).await?.map_err(|_| End::Stopping)?);
        let documents = Arc::clone(&self.newest()?.documents);
        let encoding = tokio::task::spawn_blocking(move || documents.everything().map(drop));
        // What went wrong is said by the session, which asks for the same documents.
        self.alive_until(outgoing, encoding).await?.ok();
        Ok(())
    }

    /// Sends heartbeats while something else takes its time, so that the node does not take the stream for dead.
    async fn alive_until<T>(
        &mut self,
        outgoing: &Outgoing,
        other: impl Future<Output = T>,
    ) -> Result<T, End> {
        tokio::pin!(other);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return Err(End::Stopping),
                () = outgoing.closed() => return Err(End::Gone),
                done = &mut other => return Ok(done),
                () = time::sleep_until(self.session.heartbeat_at().into()) => {}
            }
            let latest = self.newest()?.documents.position();
            let beat = self.session.heartbeat(latest, &self.keys.speaker(), Instant::now());
            if let Next::Send(message) = beat {
                let sent = time::timeout(SEND_TIMEOUT, outgoing.send(Ok(*message))).await;
                sent.map_err(|_| End::Stuck)?.map_err(|_| End::Gone)?;
            }
        }
    }

    async fn wait(&mut self, outgoing: &Outgoing, until: Instant) -> Result<(), End> {
        tokio::select! {
            () = self.shutdown.cancelled() => Err(End::Stopping),
            () = outgoing.closed() => Err(End::Gone),
            // An error means that the hub is gone.
            changed = self.published.changed() => changed.map_err(|_| End::Stopping),
            () = time::sleep_until(until.into()) => Ok(()),
        }
    }
}
