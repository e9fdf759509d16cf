//! Open connections and the counting of what they carry.

use super::UploadBody;
use hyper::client::conn::{http1, http2};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Drives a connection until it ends.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A fresh connection, not yet driven.
pub(super) enum Link {
    Http1(Http1Sender),
    Http2(Http2Sender),
}

pub(super) struct Http1Sender {
    pub(super) sender: http1::SendRequest<UploadBody>,
    pub(super) driver: Driver,
}

pub(super) struct Http2Sender {
    pub(super) sender: http2::SendRequest<UploadBody>,
    /// As the origin's SETTINGS say.
    pub(super) streams_allowed: usize,
    pub(super) driver: Driver,
}

/// One of the streams that a connection may carry at once; given back when dropped.
pub(super) struct StreamPermit(Arc<AtomicUsize>);

impl StreamPermit {
    /// Nothing if the connection is full.
    pub(super) fn take(streams: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let more = |count: usize| (count < max).then_some(count + 1);
        streams.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Self(Arc::clone(streams)))
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
