//! Counts the frames of an HTTP/2 visitor by kind and cuts the connection of one who floods.
//!
//! hyper shows no frames, so this stands between it and the socket and reads nothing but the nine bytes at the head of each.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES: usize = 9;
const WINDOW: Duration = Duration::from_secs(1);

/// What costs us much and a visitor little, with the number of them that is allowed within a second.
///
/// PINGs and window updates are many in honest traffic: Go measures the path with a PING for each round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reset,
    Settings,
    Priority,
    Ping,
    ConnectionWindow,
}

const PER_SECOND_MAX: [u32; 5] = [1_024, 100, 1_000, 10_000, 100_000];

impl Kind {
    fn of(head: [u8; HEAD_BYTES]) -> Option<Self> {
        let on_connection = head[5..] == [0; 4];
        match head[3] {
            2 => Some(Self::Priority),
            3 => Some(Self::Reset),
            4 => Some(Self::Settings),
            6 => Some(Self::Ping),
            8 if on_connection => Some(Self::ConnectionWindow),
            _ => None,
        }
    }
}

/// The stream of a visitor. Whoever does not begin with the HTTP/2 preface is not watched.
pub(super) struct FrameGuard<S> {
    inner: S,
    watch: Option<Watch>,
    greeted: Arc<AtomicBool>,
}

struct Watch {
    preface_seen: usize,
    head: [u8; HEAD_BYTES],
    head_seen: usize,
    payload_left: usize,
    counts: [u32; 5],
    since: Instant,
}

enum Verdict {
    Fine,
    NotHttp2,
    Flood,
}

impl<S> FrameGuard<S> {
    /// `greeted` becomes true when the preface is complete.
    pub(super) fn new(inner: S, greeted: Arc<AtomicBool>) -> Self {
        Self { inner, watch: Some(Watch::new(Instant::now())), greeted }
    }
}

impl Watch {
    fn new(now: Instant) -> Self {
        Self {
            preface_seen: 0,
            head: [0; HEAD_BYTES],
            head_seen: 0,
            payload_left: 0,
            counts: [0; 5],
            since: now,
        }
    }

    fn see(&mut self, mut bytes: &[u8], now: Instant) -> Verdict {
        if now.duration_since(self.since) >= WINDOW {
            self.counts = [0; 5];
            self.since = now;
        }
        while self.preface_seen < PREFACE.len() {
            let Some((first, rest)) = bytes.split_first() else { return Verdict::Fine };
            if *first != PREFACE[self.preface_seen] {
                return Verdict::NotHttp2;
            }
            self.preface_seen += 1;
            bytes = rest;
        }
        while !bytes.is_empty() {
            let skipped = self.payload_left.min(bytes.len());
            self.payload_left -= skipped;
            bytes = &bytes[skipped..];
            let taken = bytes.len().min(HEAD_BYTES - self.head_seen);
            self.head[self.head_seen..self.head_seen + taken].copy_from_slice(&bytes[..taken]);
            self.head_seen += taken;
            bytes = &bytes[taken..];
            if self.head_seen == HEAD_BYTES && !self.count() {
                return Verdict::Flood;
            }
        }
        Verdict::Fine
    }

    /// Counts the frame whose head is complete; false if there were too many of them.
    fn count(&mut self) -> bool {
        self.head_seen = 0;
        self.payload_left =
            usize::from(self.head[0]) << 16 | usize::from(self.head[1]) << 8 | usize::from(self.head[2]);
        let Some(kind) = Kind::of(self.head) else { return true };
        self.counts[kind as usize] += 1;
        self.counts[kind as usize] <= PER_SECOND_MAX[kind as usize]
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if let Some(watch) = &mut self.watch {
            match watch.see(&buf.filled()[before..], Instant::now()) {
                Verdict::Fine if watch.preface_seen == PREFACE.len() => {
                    self.greeted.store(true, Ordering::Relaxed)
                }
                Verdict::Fine => {}
                Verdict::NotHttp2 => self.watch = None,
                Verdict::Flood => return Poll::Ready(Err(io::Error::other("a flood of HTTP/2 frames"))),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FrameGuard<S> {
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

    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    fn watch(now: Instant) -> Watch {
        let mut watch = Watch::new(now);
        assert!(matches!(watch.see(PREFACE, now), Verdict::Fine));
        watch
    }

    #[test]
    fn frames_are_counted_in_whatever_pieces_they_come() {
        let now = Instant::now();
        let mut watch = watch(now);
        let bytes: Vec<u8> = std::iter::repeat_n(PING, 50).flatten().chain(SETTINGS).collect();
        for piece in bytes.chunks(7) {
            assert!(matches!(watch.see(piece, now), Verdict::Fine));
        }
        assert_eq!(watch.counts[Kind::Ping as usize], 50);
        assert_eq!(watch.counts[Kind::Settings as usize], 1);
    }

    #[test]
    fn a_flood_within_a_second_is_noticed_and_slow_frames_are_not() {
        let begin = Instant::now();
        let mut slow = watch(begin);
        for second in 0..50 {
            let now = begin + WINDOW * second;
            assert!((0..100).all(|_| matches!(slow.see(&SETTINGS, now), Verdict::Fine)));
        }
        let mut flood = watch(begin);
        let verdicts: Vec<_> =
            (0..101).map(|_| matches!(flood.see(&SETTINGS, begin), Verdict::Fine)).collect();
        assert_eq!(verdicts.iter().position(|fine| !fine), Some(100));
    }

    #[test]
    fn http1_is_not_watched() {
        let now = Instant::now();
        assert!(matches!(Watch::new(now).see(b"GET / HTTP/1.1\r\n", now), Verdict::NotHttp2));
        assert!(matches!(Watch::new(now).see(b"PRI * HTTP/1", now), Verdict::NotHttp2));
    }
}
