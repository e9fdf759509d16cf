//! The visitor's request body on its way to the origin: counted, limited, cancellable, and repeated from the start as long as it is small.

use super::upload_limit::{Meter, UploadLimit};
use crate::fields::clean_trailers;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{HeaderMap, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use policy::refusal::Refusal;
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

/// So much of a body is kept until the origin answers, in case it declares that it did not process the request. What keeping a piece
/// takes is counted, so that a body in very many pieces is no way to more memory.
const REPLAY_BYTES_MAX: usize = 64 << 10;
/// What the visitor still sends after the answer is taken and thrown away, up to here. Otherwise it would meet a closed stream, and
/// h2 gives up a connection on which that happens often, with every other stream on it.
const DRAINED_BYTES_MAX: usize = 64 << 10;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The holder's end: it starts attempts and ends them all when dropped.
pub struct Upload {
    shared: Arc<Shared>,
    size: SizeHint,
}

/// One attempt to send the body. Only the newest attempt is served.
pub struct UploadBody {
    shared: Arc<Shared>,
    attempt: u32,
    size: SizeHint,
}

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("the visitor's body broke off")]
    Visitor(#[source] hyper::Error),
    /// Without an error, but before its end.
    #[error("the visitor cut its body short")]
    Cut(#[source] h2::Error),
    /// The source makes hyper reset the origin's stream with this code.
    #[error("the exchange was cancelled")]
    Cancelled(#[source] h2::Error),
    #[error("the upload is too large")]
    TooLarge(#[source] h2::Error),
}

struct Shared {
    source: Mutex<Source>,
    cancelled: AtomicBool,
    waker: AtomicWaker,
    too_large: AtomicBool,
    /// Who waits to be told that the upload is too large.
    holder: AtomicWaker,
    bytes: AtomicU64,
}

struct Source {
    incoming: Incoming,
    /// Whether the body's own state says that it has ended, so that a cut is told from an end.
    ends_are_told: bool,
    /// The newest.
    attempt: u32,
    /// How many pieces the newest attempt has sent.
    position: usize,
    /// What was sent so far; nothing once it is too much to keep.
    sent: Option<Vec<Piece>>,
    /// What it takes to keep that.
    sent_bytes: usize,
    /// Bytes taken from the visitor.
    taken: u64,
    /// There will be no other attempt; the newest may still be repeating what was sent.
    committed: bool,
    meter: Meter,
    /// The limit is passed. What was taken is no whole body, whatever follows.
    too_large: bool,
}

#[derive(Clone)]
enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl Upload {
    /// `version` is that of the request.
    pub fn new(incoming: Incoming, version: Version) -> Self {
        let size = incoming.size_hint();
        let source = Source {
            incoming,
            // A chunked body of HTTP/1 never says it; there hyper tells a cut by an error.
            ends_are_told: version == Version::HTTP_2,
            attempt: 0,
            position: 0,
            sent: Some(Vec::new()),
            sent_bytes: 0,
            taken: 0,
            committed: false,
            meter: Meter::new(UploadLimit::Unlimited),
            too_large: false,
        };
        let shared = Shared {
            source: Mutex::new(source),
            cancelled: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            too_large: AtomicBool::new(false),
            holder: AtomicWaker::new(),
            bytes: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared), size }
    }

    /// Sets how much is carried; to be called before the first attempt.
    ///
    /// # Errors
    ///
    /// If the visitor announced more.
    pub fn limit(&self, limit: UploadLimit) -> Result<(), Refusal> {
        self.shared.source().meter = Meter::new(limit);
        let announced = self.size.exact().unwrap_or_default();
        if limit.admits_length(announced) { Ok(()) } else { Err(Refusal::UploadTooLarge) }
    }

    /// Ready once the upload has passed its limit, from when on every attempt is broken off. One task at a time may wait.
    pub fn poll_too_large(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.holder.register(cx.waker());
        if self.shared.too_large.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Keeps the length to itself, so that no `content-length` is made up from it.
    pub fn of_unknown_length(self) -> Self {
        let mut this = self;
        this.size = SizeHint::default();
        this
    }

    /// The body from its start, for the first or another attempt; nothing if its start is gone.
    pub fn attempt(&self) -> Option<UploadBody> {
        let mut source = self.shared.source();
        if source.sent.is_none() || source.committed {
            return None;
        }
        source.attempt += 1;
        source.position = 0;
        let shared = Arc::clone(&self.shared);
        Some(UploadBody { shared, attempt: source.attempt, size: self.size })
    }

    /// The origin has answered: there will be no other attempt.
    pub fn commit(&self) {
        let mut source = self.shared.source();
        source.committed = true;
        source.forget_what_is_of_no_use();
    }

    /// Ends when nothing was taken from the visitor for so long; until then an origin may be waiting for the rest.
    pub async fn silence(&self, longest: Duration) {
        let mut before = self.bytes();
        loop {
            sleep(longest).await;
            let now = self.bytes();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Bytes taken from the visitor so far.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.shared.cancelled.store(true, Ordering::Release);
        self.shared.waker.wake();
        if !self.shared.source().incoming.is_end_stream()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(timeout(DRAIN_TIMEOUT, drain(Arc::clone(&self.shared))));
        }
    }
}

/// Ends with the body, when it breaks off, or when there is too much of it.
async fn drain(shared: Arc<Shared>) {
    let mut left = DRAINED_BYTES_MAX;
    poll_fn(|cx| {
        loop {
            let frame = ready!(Pin::new(&mut shared.source().incoming).poll_frame(cx));
            let Some(Ok(frame)) = frame else { return Poll::Ready(()) };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => return Poll::Ready(()),
            }
        }
    })
    .await;
}

impl Shared {
    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    /// The next piece for the newest attempt.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, UploadError>>> {
        if let Some(piece) = self.sent.as_ref().and_then(|sent| sent.get(self.position)).cloned() {
            self.position += 1;
            self.forget_what_is_of_no_use();
            return Poll::Ready(Some(Ok(piece)));
        }
        if self.too_large {
            return Poll::Ready(Some(Err(too_large())));
        }
        let piece = loop {
            break match ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                // hyper takes RST_STREAM(NO_ERROR) for a clean end; the stream's own state knows better.
                None if self.ends_are_told && !self.incoming.is_end_stream() => {
                    return Poll::Ready(Some(Err(UploadError::Cut(h2::Reason::CANCEL.into()))));
                }
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(UploadError::Visitor(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    // Empty frames say nothing, and many servers take a number of them for an attack.
                    Ok(data) if data.is_empty() => continue,
                    Ok(data) => Piece::Data(data),
                    Err(frame) => {
                        let mut trailers = frame.into_trailers().unwrap_or_default();
                        clean_trailers(&mut trailers);
                        Piece::Trailers(trailers)
                    }
                },
            };
        };
        if let Piece::Data(data) = &piece {
            self.taken += data.len() as u64;
            self.sent_bytes += data.len();
            if !self.meter.admits(data) {
                self.too_large = true;
                return Poll::Ready(Some(Err(too_large())));
            }
        }
        self.sent_bytes += size_of::<Piece>();
        if let Some(sent) = &mut self.sent {
            sent.push(piece.clone());
        }
        self.position += 1;
        self.forget_what_is_of_no_use();
        Poll::Ready(Some(Ok(piece)))
    }

    fn forget_what_is_of_no_use(&mut self) {
        let repeated = self.sent.as_ref().is_none_or(|sent| self.position >= sent.len());
        if repeated && (self.committed || self.sent_bytes > REPLAY_BYTES_MAX) {
            self.sent = None;
        }
    }
}

fn too_large() -> UploadError {
    UploadError::TooLarge(h2::Reason::CANCEL.into())
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        self.shared.waker.register(cx.waker());
        let cancelled = || UploadError::Cancelled(h2::Reason::CANCEL.into());
        if self.shared.cancelled.load(Ordering::Acquire) {
            return Poll::Ready(Some(Err(cancelled())));
        }
        let mut source = self.shared.source();
        if source.attempt != self.attempt {
            return Poll::Ready(Some(Err(cancelled())));
        }
        let piece = ready!(source.poll_piece(cx));
        let (taken, too_large) = (source.taken, source.too_large);
        drop(source);
        self.shared.bytes.store(taken, Ordering::Relaxed);
        if too_large {
            self.shared.too_large.store(true, Ordering::Release);
            self.shared.holder.wake();
        }
        Poll::Ready(piece.map(|piece| {
            piece.map(|piece| match piece {
                Piece::Data(data) => Frame::data(data),
                Piece::Trailers(trailers) => Frame::trailers(trailers),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        let source = self.shared.source();
        let all_repeated = source.sent.as_ref().is_none_or(|sent| source.position >= sent.len());
        all_repeated && source.attempt == self.attempt && !source.too_large && source.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
