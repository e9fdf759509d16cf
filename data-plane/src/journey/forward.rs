//! One exchange with the origin: deadlines, cancellation, and an end that the visitor can read.

use super::{
    Edge, Stop,
    account::Account,
    answer::Signature,
    body::{EdgeBody, Rules},
    head::{Protocol, Visitor},
    headers::{self, Told},
    route::Routed,
};
use crate::{
    origin::{Answer, Failure, Question, Upload, UploadLimit},
    telemetry::Outcome,
};
use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Version, header, request::Parts, uri::PathAndQuery,
};
use policy::{
    grpc::{self, Dialect},
    refusal::Refusal,
};
use std::{
    future::{pending, poll_fn},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

const GRPC_STATUS: &str = "grpc-status";

/// Longer deadlines are passed on but not watched here.
const DEADLINE_WATCHED_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// A request as it arrived, apart from its body.
pub(super) struct Arrived {
    pub parts: Parts,
    pub visitor: Visitor,
    pub protocol: Protocol,
    pub at: Instant,
}

/// Carries a routed request to its origin and the answer back.
pub(super) async fn forward(
    edge: &Edge,
    routed: &Routed<'_>,
    arrived: Arrived,
    upload: Upload,
    signature: Signature,
    mut account: Account,
) -> Result<Response<EdgeBody>, (Stop, Account)> {
    let limit = UploadLimit::new(routed.settings.max_upload, routed.speech.dialect());
    if let Err(refusal) = upload.limit(limit) {
        return Err((refusal.into(), account));
    }
    let upload = if routed.speech.dialect() == Dialect::Grpc { upload.of_unknown_length() } else { upload };
    let exchanged = async {
        let deadline = deadline(&arrived.parts.headers, routed.speech.dialect(), arrived.at)?;
        let question = question(edge, arrived, routed, deadline, &signature)?;
        let answer = ask(edge, routed, &question, &upload).await?;
        check(&answer, routed.speech.dialect())?;
        Ok((answer, deadline))
    };
    let (answer, deadline) = match exchanged.await {
        Ok(exchanged) => exchanged,
        Err(failure) => {
            account.carried_up(upload.bytes());
            return Err((Stop::Refused(failure), account));
        }
    };
    Ok(deliver(answer, routed, deadline, upload, signature, account))
}

/// Brings an answer that was checked to the visitor.
pub(super) fn deliver(
    answer: Answer,
    routed: &Routed<'_>,
    deadline: Option<Instant>,
    upload: Upload,
    signature: Signature,
    mut account: Account,
) -> Response<EdgeBody> {
    let (mut head, body) = answer.into_parts();
    headers::for_visitor(&mut head.headers, &signature.ray);
    if routed.speech.dialect() == Dialect::Grpc && head.headers.contains_key(GRPC_STATUS) {
        account.carried_up(upload.bytes());
        return trailers_only(head.headers, account);
    }
    account.answered(head.status, Outcome::Carried);
    let rules = match routed.speech.dialect() {
        Dialect::Grpc => Rules::Grpc { signature, deadline },
        Dialect::GrpcWeb | Dialect::Http => Rules::Http {
            silence_max: routed.settings.proxy_read_timeout.duration(),
            ends_are_told: head.version == Version::HTTP_2,
        },
    };
    let mut response = Response::new(EdgeBody::carried(body, upload, rules, account));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// What an origin may not answer: a switch of protocols that was not asked for, or something else than gRPC to gRPC.
fn check(answer: &Answer, dialect: Dialect) -> Result<(), Failure> {
    if answer.status().is_informational() {
        return Err(Failure::with(Refusal::OriginProtocolError, "it switched protocols unasked"));
    }
    let speaks_grpc =
        answer.headers().contains_key(GRPC_STATUS) || is_grpc(answer.status(), answer.headers());
    if dialect == Dialect::Grpc && !speaks_grpc {
        return Err(Refusal::OriginNotGrpc(answer.status().as_u16()).into());
    }
    Ok(())
}

/// The end of a call, counted from its arrival.
fn deadline(headers: &HeaderMap, dialect: Dialect, arrived: Instant) -> Result<Option<Instant>, Refusal> {
    if dialect != Dialect::Grpc {
        return Ok(None);
    }
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let timeout = grpc::parse_timeout(value.as_bytes()).ok_or(Refusal::MalformedRequest)?;
    Ok(Some(timeout).filter(|timeout| *timeout < DEADLINE_WATCHED_MAX).map(|timeout| arrived + timeout))
}

pub(super) fn question(
    edge: &Edge,
    arrived: Arrived,
    routed: &Routed<'_>,
    deadline: Option<Instant>,
    signature: &Signature,
) -> Result<Question, Refusal> {
    let Arrived { parts, visitor, protocol, .. } = arrived;
    let authority = match (routed.host_header, parts.uri.authority(), parts.headers.get(header::HOST)) {
        (Some(own), _, _) => HeaderValue::from_str(own).map_err(|_| Refusal::Internal)?,
        (None, Some(authority), _) => {
            HeaderValue::from_str(authority.as_str()).map_err(|_| Refusal::MalformedRequest)?
        }
        (None, None, Some(host)) => host.clone(),
        (None, None, None) => return Err(Refusal::MalformedRequest),
    };
    let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut headers = parts.headers;
    let told = Told {
        visitor,
        protocol,
        dialect: routed.speech.dialect(),
        ray: &signature.ray,
        true_client_ip: routed.settings.true_client_ip_header,
        country: edge
            .countries
            .as_ref()
            .filter(|_| routed.settings.ip_geolocation)
            .map(|countries| countries.of(visitor.address)),
    };
    headers::for_origin(&mut headers, &told);
    let silence_max = match routed.speech.dialect() {
        Dialect::Grpc => None,
        Dialect::GrpcWeb | Dialect::Http => Some(routed.settings.proxy_read_timeout.duration()),
    };
    Ok(Question { method: parts.method, path, authority, headers, deadline, silence_max })
}

async fn ask(
    edge: &Edge,
    routed: &Routed<'_>,
    question: &Question,
    upload: &Upload,
) -> Result<Answer, Failure> {
    let late = async {
        match question.deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        () = poll_fn(|cx| upload.poll_too_large(cx)) => Err(Refusal::UploadTooLarge.into()),
        answer = edge.origins.exchange(&routed.goal, question, upload) => answer,
        () = late => Err(Refusal::DeadlineExceeded.into()),
    }
}

fn is_grpc(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::OK
        && Dialect::of(headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes)) == Dialect::Grpc
}

/// The whole answer is in its head, which must carry END_STREAM; what may follow from the origin is dropped.
fn trailers_only(mut headers: HeaderMap, mut account: Account) -> Response<EdgeBody> {
    if !is_grpc(StatusCode::OK, &headers) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    }
    headers.remove(header::CONTENT_LENGTH);
    account.answered(StatusCode::OK, Outcome::Carried);
    account.ended_with(&headers);
    let mut response = Response::new(EdgeBody::whole(None, account));
    *response.headers_mut() = headers;
    response
}
