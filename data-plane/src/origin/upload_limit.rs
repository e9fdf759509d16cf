//! How much a visitor may upload: `max_upload` of the zone.

use policy::{grpc::Dialect, settings::MaxUpload};

/// What is counted, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadLimit {
    Unlimited,
    /// All bytes of the body together.
    Body {
        bytes_max: u64,
    },
    /// Each message of a gRPC stream, as its prefix announces it; the stream has no end by nature.
    Message {
        bytes_max: u64,
    },
}

impl UploadLimit {
    /// gRPC-Web is one HTTP request that a browser sends, and is counted as such.
    pub fn new(max: MaxUpload, dialect: Dialect) -> Self {
        match (max.bytes(), dialect) {
            (None, _) => Self::Unlimited,
            (Some(bytes_max), Dialect::Grpc) => Self::Message { bytes_max },
            (Some(bytes_max), Dialect::GrpcWeb | Dialect::Http) => Self::Body { bytes_max },
        }
    }

    /// Whether a body of this announced length may be sent at all.
    pub(super) fn admits_length(self, bytes: u64) -> bool {
        match self {
            Self::Unlimited | Self::Message { .. } => true,
            Self::Body { bytes_max } => bytes <= bytes_max,
        }
    }
}

/// A flag for compression and four bytes of length stand before each message.
const PREFIX_BYTES: usize = 5;

/// Counts one upload on its way.
pub(super) struct Meter {
    limit: UploadLimit,
    bytes: u64,
    prefix: [u8; PREFIX_BYTES],
    prefix_seen: usize,
    message_left: u64,
}

impl Meter {
    pub(super) fn new(limit: UploadLimit) -> Self {
        Self { limit, bytes: 0, prefix: [0; PREFIX_BYTES], prefix_seen: 0, message_left: 0 }
    }

    /// Whether the upload is still within its limit with these bytes.
    pub(super) fn admits(&mut self, data: &[u8]) -> bool {
        match self.limit {
            UploadLimit::Unlimited => true,
            UploadLimit::Body { bytes_max } => {
                self.bytes += data.len() as u64;
                self.bytes <= bytes_max
            }
            UploadLimit::Message { bytes_max } => self.admits_messages(data, bytes_max),
        }
    }

    fn admits_messages(&mut self, mut data: &[u8], bytes_max: u64) -> bool {
        while !data.is_empty() {
            let skipped = usize::try_from(self.message_left).unwrap_or(usize::MAX).min(data.len());
            self.message_left -= skipped as u64;
            data = &data[skipped..];
            let taken = data.len().min(PREFIX_BYTES - self.prefix_seen);
            self.prefix[self.prefix_seen..self.prefix_seen + taken].copy_from_slice(&data[..taken]);
            self.prefix_seen += taken;
            data = &data[taken..];
            if self.prefix_seen == PREFIX_BYTES {
                let [_compressed, length @ ..] = self.prefix;
                self.message_left = u32::from_be_bytes(length).into();
                self.prefix_seen = 0;
                if self.message_left > bytes_max {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: u32, there: usize) -> Vec<u8> {
        [&[1][..], &length.to_be_bytes(), &vec![7; there]].concat()
    }

    #[test]
    fn a_body_is_counted_over_all_its_pieces() {
        let mut meter = Meter::new(UploadLimit::Body { bytes_max: 10 });
        assert!(meter.admits(&[0; 6]) && meter.admits(&[0; 4]) && !meter.admits(&[0]));
    }

    #[test]
    fn messages_are_counted_one_by_one_in_whatever_pieces_they_come() {
        let stream = [message(10, 10), message(0, 0), message(10, 10), message(3, 3)].concat();
        for size in 1..stream.len() {
            let mut meter = Meter::new(UploadLimit::Message { bytes_max: 10 });
            assert!(stream.chunks(size).all(|piece| meter.admits(piece)), "pieces of {size}");
            let too_large = message(11, 0);
            let within = too_large.chunks(size).filter(|piece| meter.admits(piece)).count();
            assert_eq!(
                within,
                too_large.chunks(size).count() - 1,
                "the announcement is enough, pieces of {size}"
            );
        }
    }

    #[test]
    fn the_longest_message_there_can_be_is_no_overflow() {
        let mut meter = Meter::new(UploadLimit::Message { bytes_max: u64::MAX });
        assert!(meter.admits(&message(u32::MAX, 100)));
    }
}
