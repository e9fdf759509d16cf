//! One request and its answer, tried again only where the origin certainly did not process it.

use super::{
    Failure, Goal, Origins, Upload, UploadBody,
    failure::h2_error,
    link::StreamPermit,
    pool::{Lease, Slot},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version, header, uri::PathAndQuery};
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, client::conn::http1};
use policy::{grpc, refusal::Refusal, ssl::OriginTls};
use std::{
    future::pending,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// First attempt included.
const ATTEMPTS_MAX: usize = 3;

/// A request as the origin is to see it. `Host` is not among the headers.
#[derive(Debug, Clone)]
pub struct Question {
    pub method: Method,
    pub path: PathAndQuery,
    pub authority: HeaderValue,
    pub headers: HeaderMap,
    /// The end of a gRPC call; `grpc-timeout` says what is left of it at the moment of sending.
    pub deadline: Option<Instant>,
    /// How long an origin that has the request, and gets no more of its body, may be silent before it answers.
    pub silence_max: Option<Duration>,
}

pub type Answer = Response<AnswerBody>;

/// The origin's body. The place on the connection is given back when it is dropped.
pub struct AnswerBody {
    incoming: Incoming,
    _place: Place,
}

enum Place {
    Http1(Option<(http1::SendRequest<UploadBody>, Arc<Slot>)>),
    Http2 {
        _permit: StreamPermit,
    },
    /// Ends with the answer.
    Alone {
        _sender: http1::SendRequest<UploadBody>,
    },
}

enum NoAnswer {
    /// The origin certainly did not process the request.
    NotProcessed(Failure),
    Final(Failure),
}

impl Origins {
    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    ///
    /// The refusal for what went wrong. Dropping the future cancels the request at the origin.
    pub async fn exchange(
        &self,
        goal: &Goal<'_>,
        question: &Question,
        upload: &Upload,
    ) -> Result<Answer, Failure> {
        let mut failure = Failure::from(Refusal::OriginClosed);
        for _ in 0..ATTEMPTS_MAX {
            let lease = self.lease(goal).await?;
            let Some(body) = upload.attempt() else { break };
            let answered = tokio::select! {
                answered = attempt(lease, question, body, goal.leg.tls) => answered,
                failure = silence(question, upload) => Err(NoAnswer::Final(failure)),
            };
            match answered {
                Ok(answer) => {
                    upload.commit();
                    return Ok(answer);
                }
                Err(NoAnswer::NotProcessed(why)) => failure = why,
                Err(NoAnswer::Final(why)) => return Err(why),
            }
        }
        Err(failure)
    }
}

/// Ends when the origin was silent for too long; to be started when it gets the request, since to connect has limits of its own.
pub(super) async fn silence(question: &Question, upload: &Upload) -> Failure {
    match question.silence_max {
        Some(longest) => upload.silence(longest).await,
        None => pending().await,
    }
    Refusal::OriginTimeout.into()
}

async fn attempt(
    lease: Lease,
    question: &Question,
    body: UploadBody,
    tls: OriginTls,
) -> Result<Answer, NoAnswer> {
    match lease {
        Lease::Http1(mut sender, slot) => {
            let request = http1_request(question, body).map_err(NoAnswer::Final)?;
            let answer = sender.try_send_request(request).await;
            let answer =
                answer.map_err(|mut error| no_answer(error.take_message().is_some(), &error.into_error()))?;
            let place = Place::Http1(Some((sender, slot)));
            Ok(answer.map(|incoming| AnswerBody { incoming, _place: place }))
        }
        Lease::Http2(mut sender, permit) => {
            let request = http2_request(question, body, tls).map_err(NoAnswer::Final)?;
            let answer = sender.try_send_request(request).await;
            let answer =
                answer.map_err(|mut error| no_answer(error.take_message().is_some(), &error.into_error()))?;
            let place = Place::Http2 { _permit: permit };
            Ok(answer.map(|incoming| AnswerBody { incoming, _place: place }))
        }
    }
}

fn no_answer(given_back: bool, error: &hyper::Error) -> NoAnswer {
    let failure = Failure::of_request(error);
    // A stream above the last one of a GOAWAY, or refused, was not processed (RFC 9113, 8.7).
    let declared = h2_error(error).is_some_and(|http2| {
        http2.is_remote() && (http2.is_go_away() || http2.reason() == Some(h2::Reason::REFUSED_STREAM))
    });
    if given_back || declared { NoAnswer::NotProcessed(failure) } else { NoAnswer::Final(failure) }
}

pub(super) fn http1_request(question: &Question, body: UploadBody) -> Result<Request<UploadBody>, Failure> {
    let mut request = Request::new(body);
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = Uri::from(question.path.clone());
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = question.headers.clone();
    request.headers_mut().insert(header::HOST, question.authority.clone());
    Ok(request)
}

fn http2_request(
    question: &Question,
    body: UploadBody,
    tls: OriginTls,
) -> Result<Request<UploadBody>, Failure> {
    let scheme = if tls == OriginTls::Plain { "http" } else { "https" };
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(question.authority.as_bytes())
        .path_and_query(question.path.clone())
        .build()
        .map_err(|_| Failure::from(Refusal::MalformedRequest))?;
    let mut request = Request::new(body);
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = question.headers.clone();
    if let Some(deadline) = question.deadline {
        let left = grpc::format_timeout(deadline.saturating_duration_since(Instant::now()));
        let left = HeaderValue::try_from(left).map_err(|_| Failure::from(Refusal::Internal))?;
        request.headers_mut().insert("grpc-timeout", left);
    }
    Ok(request)
}

impl AnswerBody {
    /// Of a connection that nobody else may use.
    pub(super) fn alone(incoming: Incoming, sender: http1::SendRequest<UploadBody>) -> Self {
        Self { incoming, _place: Place::Alone { _sender: sender } }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Http1(place) = self
            && let Some((sender, slot)) = place.take()
        {
            slot.give_back(sender);
        }
    }
}
