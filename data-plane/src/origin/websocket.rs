//! The origin's side of a WebSocket: a connection of its own that is never shared and never used again.

use super::{
    Answer, AnswerBody, Failure, Goal, Origins, Question, Upload,
    exchange::{http1_request, silence},
    pool::Room,
};
use crate::fields::names;
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header, response};
use hyper::upgrade::Upgraded;
use policy::refusal::Refusal;
use std::sync::Arc;

/// RFC 6455, 1.3.
const ACCEPT_SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What an origin says to a handshake.
pub enum Handshake {
    /// It switched, as the protocol asks.
    Accepted(Box<response::Parts>, OriginSocket),
    /// It answered something else, which is an answer like any other.
    Declined(Answer),
}

/// The bytes of an upgraded connection. Its place among the zone's connections is given back with it.
pub struct OriginSocket {
    pub io: Upgraded,
    _room: Arc<Room>,
}

impl Origins {
    /// Sends a WebSocket handshake over a fresh HTTP/1.1 connection and judges the answer (RFC 6455, 4.1).
    ///
    /// # Errors
    ///
    /// The refusal for what went wrong, above all for a switch of protocols that is not the one that was asked for.
    pub async fn shake_hands(
        &self,
        goal: &Goal<'_>,
        question: &Question,
        upload: &Upload,
    ) -> Result<Handshake, Failure> {
        let (mut sender, room) = self.connect_alone(goal).await?;
        let body = upload.attempt().ok_or(Refusal::Internal)?;
        let request = http1_request(question, body)?;
        let mut answer = tokio::select! {
            answer = sender.send_request(request) => answer.map_err(|error| Failure::of_request(&error))?,
            failure = silence(question, upload) => return Err(failure),
        };
        upload.commit();
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Handshake::Declined(answer.map(|incoming| AnswerBody::alone(incoming, sender))));
        }
        if !is_right(question, answer.headers()) {
            let why = "it accepted the WebSocket handshake with the wrong words";
            return Err(Failure::with(Refusal::OriginProtocolError, why));
        }
        let io = hyper::upgrade::on(&mut answer).await.map_err(|_| Refusal::OriginClosed)?;
        let (head, _) = answer.into_parts();
        Ok(Handshake::Accepted(Box::new(head), OriginSocket { io, _room: room }))
    }
}

/// The value of `Sec-WebSocket-Accept` for a key.
fn accept(key: &HeaderValue) -> String {
    let salted = [key.as_bytes(), ACCEPT_SALT].concat();
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &salted))
}

fn is_right(question: &Question, answer: &HeaderMap) -> bool {
    let mut accepts = answer.get_all(header::SEC_WEBSOCKET_ACCEPT).iter();
    let expected = question.headers.get(header::SEC_WEBSOCKET_KEY).map(accept);
    let accepted = accepts.next().map(HeaderValue::as_bytes) == expected.as_deref().map(str::as_bytes);
    let mut upgrades = answer.get_all(header::UPGRADE).iter();
    let upgraded = upgrades.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let alone = accepts.next().is_none() && upgrades.next().is_none();
    expected.is_some() && accepted && upgraded && alone && names(answer, &header::CONNECTION, "upgrade")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_of_the_specification() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
