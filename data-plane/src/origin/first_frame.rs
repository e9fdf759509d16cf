//! Waits for the origin's side of the HTTP/2 preface, which hyper does not.
//!
//! A stream that watches the first frame pass by and tells what it was. After that it only hands bytes on.

use policy::refusal::Refusal;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

const FRAME_HEAD_BYTES: usize = 9;
/// A first SETTINGS frame may be this long; six bytes are one setting.
const SETTINGS_BYTES_MAX: usize = 6 * 100;
const TYPE_SETTINGS: u8 = 4;
const FLAG_ACK: u8 = 1;
const SETTING_MAX_CONCURRENT_STREAMS: u16 = 3;

/// What the origin's first SETTINGS frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PeerSettings {
    /// Nothing means that the origin names no limit.
    pub(super) streams_max: Option<u32>,
}

pub(super) type Told = Result<PeerSettings, Refusal>;

pub(super) struct FirstFrame<S> {
    inner: S,
    watch: Option<(Vec<u8>, oneshot::Sender<Told>)>,
}

impl<S> FirstFrame<S> {
    pub(super) fn new(inner: S) -> (Self, oneshot::Receiver<Told>) {
        let (tell, told) = oneshot::channel();
        (Self { inner, watch: Some((Vec::new(), tell)) }, told)
    }

    fn see(&mut self, bytes: &[u8]) {
        let Some((seen, _)) = &mut self.watch else { return };
        seen.extend_from_slice(&bytes[..bytes.len().min(FRAME_HEAD_BYTES + SETTINGS_BYTES_MAX)]);
        let verdict = if bytes.is_empty() { Some(Err(Refusal::OriginClosed)) } else { judge(seen) };
        if let Some(verdict) = verdict
            && let Some((_, tell)) = self.watch.take()
        {
            // Nobody listening means that the time to connect is over.
            let _ = tell.send(verdict);
        }
    }
}

/// Nothing as long as more bytes are needed.
fn judge(seen: &[u8]) -> Option<Told> {
    if seen.starts_with(b"HTTP/1.") {
        return Some(Err(Refusal::OriginWithoutHttp2));
    }
    let (head, payload) = seen.split_at_checked(FRAME_HEAD_BYTES)?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let on_stream = head[5..].iter().any(|byte| *byte != 0);
    if head[3] != TYPE_SETTINGS || head[4] & FLAG_ACK != 0 || on_stream || length > SETTINGS_BYTES_MAX {
        return Some(Err(Refusal::OriginProtocolError));
    }
    let settings = payload.get(..length)?.chunks_exact(6);
    let mut streams = settings
        .filter(|setting| u16::from_be_bytes([setting[0], setting[1]]) == SETTING_MAX_CONCURRENT_STREAMS)
        .map(|setting| u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]));
    Some(Ok(PeerSettings { streams_max: streams.next_back() }))
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstFrame<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if self.watch.is_some() && buf.capacity() > before {
            self.see(&buf.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstFrame<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_frame_is_read_even_in_pieces() {
        let frame = [0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 3, 0, 0, 0, 7];
        assert!((0..frame.len()).all(|end| judge(&frame[..end]).is_none()));
        assert_eq!(judge(&frame), Some(Ok(PeerSettings { streams_max: Some(7) })));
        assert_eq!(judge(&[0, 0, 0, 4, 0, 0, 0, 0, 0]), Some(Ok(PeerSettings { streams_max: None })));
    }

    #[test]
    fn anything_else_is_not_the_preface() {
        assert_eq!(judge(b"HTTP/1.1 400 Bad Request"), Some(Err(Refusal::OriginWithoutHttp2)));
        assert_eq!(judge(b"220 mail ready"), Some(Err(Refusal::OriginProtocolError)));
        assert_eq!(
            judge(&[0, 0, 0, 4, 1, 0, 0, 0, 0]),
            Some(Err(Refusal::OriginProtocolError)),
            "an acknowledgement"
        );
        assert_eq!(
            judge(&[0, 0, 0, 4, 0, 0, 0, 0, 1]),
            Some(Err(Refusal::OriginProtocolError)),
            "on a stream"
        );
        assert_eq!(judge(&[1, 0, 0, 4, 0, 0, 0, 0, 0]), Some(Err(Refusal::OriginProtocolError)), "endless");
    }
}
