//! The body of an answer: made by the edge, or carried from the origin and brought to a proper end.

use super::{
    account::Account,
    answer::{self, Signature},
};
use crate::{
    fields::clean_trailers,
    origin::{AnswerBody, Failure, Upload},
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use policy::refusal::Refusal;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

pub struct EdgeBody {
    kind: Kind,
    account: Account,
}

enum Kind {
    Whole(Option<Bytes>),
    Carried(Box<Carried>),
    Ended,
}

/// An answer on its way from the origin. Dropping it cancels whatever is left of the exchange.
struct Carried {
    body: AnswerBody,
    upload: Upload,
    rules: Rules,
    timer: Option<Pin<Box<Sleep>>>,
    /// Bytes of the upload when the timer was last set.
    uploaded: u64,
}

/// How an answer may end.
pub enum Rules {
    /// With trailers that hold a status, whatever the origin does; and before the deadline.
    Grpc { signature: Signature, deadline: Option<Instant> },
    /// As the origin ends it, unless it is silent for longer than this.
    Http {
        silence_max: Duration,
        /// Whether the origin's protocol says where an answer ends, so that a cut is told from an end.
        ends_are_told: bool,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the origin broke off")]
    Origin(#[source] hyper::Error),
    #[error("the origin cut its answer short")]
    Cut,
    #[error("the origin was silent for too long")]
    Silent,
    #[error("the visitor sends more than the zone allows")]
    UploadTooLarge,
}

impl EdgeBody {
    pub fn whole(bytes: Option<Bytes>, mut account: Account) -> Self {
        account.carried_down(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64));
        account.close();
        Self { kind: Kind::Whole(bytes.filter(|bytes| !bytes.is_empty())), account }
    }

    pub fn carried(body: AnswerBody, upload: Upload, rules: Rules, account: Account) -> Self {
        let timer = match &rules {
            Rules::Grpc { deadline, .. } => deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            Rules::Http { silence_max, .. } => Some(Box::pin(sleep(*silence_max))),
        };
        let uploaded = upload.bytes();
        let carried = Carried { body, upload, rules, timer, uploaded };
        Self { kind: Kind::Carried(Box::new(carried)), account }
    }

    /// Ends the answer for good: the origin's part is dropped, which cancels what is left of it.
    fn end(&mut self, trailers: Option<HeaderMap>) -> Option<Frame<Bytes>> {
        if let Kind::Carried(carried) = &self.kind {
            self.account.carried_up(carried.upload.bytes());
        }
        self.kind = Kind::Ended;
        if let Some(trailers) = &trailers {
            self.account.ended_with(trailers);
        }
        self.account.close();
        trailers.map(Frame::trailers)
    }

    fn fail(&mut self, failure: &Failure) -> Option<Frame<Bytes>> {
        let Kind::Carried(carried) = &self.kind else { return None };
        let Rules::Grpc { signature, .. } = &carried.rules else { return None };
        let trailers = answer::grpc_trailers(failure, signature);
        self.account.refused(failure);
        self.end(Some(trailers))
    }
}

/// What the origin's side has for the visitor next.
enum Step {
    Data(Bytes),
    Trailers(HeaderMap),
    /// The end without trailers; the origin said so itself, or the stream was cut without an error.
    End {
        said: bool,
    },
    Broken(hyper::Error),
    TimerRang,
    UploadTooLarge,
}

impl Carried {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.upload.poll_too_large(cx).is_ready() {
            return Poll::Ready(Step::UploadTooLarge);
        }
        if let Rules::Grpc { .. } = self.rules
            && self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
        {
            return Poll::Ready(Step::TimerRang);
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => return self.poll_silence(cx),
        };
        self.hear();
        Poll::Ready(match frame {
            // hyper takes RST_STREAM(NO_ERROR) for a clean end; the stream's own state knows better.
            None => Step::End { said: self.body.is_end_stream() },
            Some(Err(error)) => Step::Broken(error),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Step::Data(data),
                Err(frame) => {
                    let mut trailers = frame.into_trailers().unwrap_or_default();
                    clean_trailers(&mut trailers);
                    Step::Trailers(trailers)
                }
            },
        })
    }

    /// Something came; the time for silence begins anew.
    fn hear(&mut self) {
        if let (Rules::Http { silence_max, .. }, Some(timer)) = (&self.rules, &mut self.timer) {
            timer.as_mut().reset(Instant::now() + *silence_max);
            self.uploaded = self.upload.bytes();
        }
    }

    /// While the origin still takes what the visitor sends, it may be waiting for the rest.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            match (&self.rules, &mut self.timer) {
                (Rules::Http { .. }, Some(timer)) => ready!(timer.as_mut().poll(cx)),
                _ => return Poll::Pending,
            }
            if self.upload.bytes() == self.uploaded {
                return Poll::Ready(Step::TimerRang);
            }
            self.hear();
        }
    }
}

impl Body for EdgeBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let carried = match &mut this.kind {
            Kind::Ended => return Poll::Ready(None),
            Kind::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Carried(carried) => carried,
        };
        let grpc = matches!(carried.rules, Rules::Grpc { .. });
        let ends_are_told = matches!(carried.rules, Rules::Http { ends_are_told: true, .. });
        let frame = match ready!(carried.poll_step(cx)) {
            // Empty frames say nothing, and many clients take a number of them for an attack.
            Step::Data(data) if data.is_empty() => return self.poll_frame(cx),
            Step::Data(data) => {
                this.account.carried_down(data.len() as u64);
                Some(Ok(Frame::data(data)))
            }
            Step::Trailers(trailers) if grpc && !trailers.contains_key("grpc-status") => {
                this.fail(&Refusal::OriginEndedWithoutStatus.into()).map(Ok)
            }
            Step::Trailers(trailers) => this.end(Some(trailers)).map(Ok),
            Step::End { said: true } if grpc => this.fail(&Refusal::OriginEndedWithoutStatus.into()).map(Ok),
            Step::End { said: false } if grpc => this.fail(&Refusal::OriginReset.into()).map(Ok),
            Step::End { said: false } if ends_are_told => {
                Some(Err(this.break_off(Refusal::OriginReset, BodyError::Cut)))
            }
            Step::End { .. } => this.end(None).map(Ok),
            Step::Broken(_) if grpc => this.fail(&Refusal::OriginReset.into()).map(Ok),
            Step::TimerRang if grpc => this.fail(&Refusal::DeadlineExceeded.into()).map(Ok),
            Step::UploadTooLarge if grpc => this.fail(&Refusal::UploadTooLarge.into()).map(Ok),
            Step::Broken(error) => Some(Err(this.break_off(Refusal::OriginReset, BodyError::Origin(error)))),
            Step::TimerRang => Some(Err(this.break_off(Refusal::OriginTimeout, BodyError::Silent))),
            Step::UploadTooLarge => {
                Some(Err(this.break_off(Refusal::UploadTooLarge, BodyError::UploadTooLarge)))
            }
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Ended => true,
            Kind::Whole(bytes) => bytes.is_none(),
            // A gRPC answer always has trailers to come.
            Kind::Carried(carried) => {
                matches!(carried.rules, Rules::Http { .. }) && carried.body.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Ended => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Carried(carried) => match carried.rules {
                Rules::Http { .. } => carried.body.size_hint(),
                Rules::Grpc { .. } => SizeHint::default(),
            },
        }
    }
}

impl EdgeBody {
    fn break_off(&mut self, refusal: Refusal, error: BodyError) -> BodyError {
        self.account.refused(&refusal.into());
        self.end(None);
        error
    }
}

impl Drop for EdgeBody {
    fn drop(&mut self) {
        if let Kind::Carried(carried) = &self.kind {
            self.account.carried_up(carried.upload.bytes());
            let all_there = carried.body.is_end_stream() || carried.body.size_hint().exact() == Some(0);
            if matches!(carried.rules, Rules::Grpc { .. }) || !all_there {
                self.account.left();
            }
        }
    }
}
