//! The wire between the planes: messages, their signatures and seals, and their translation to and from `policy`.
//!
//! [`wire`] is the only place where a `policy` value becomes bytes or comes from them; [`chunk`] cuts documents into pieces that
//! survive a broken connection. [`identity`] holds the keys, [`envelope`] signs what nodes say, [`statement`] what the publisher
//! says, [`seal`] hides private keys. [`enrolment_token`] is the text by which a new node finds its control plane.

pub mod chunk;
pub mod enrolment_token;
pub mod envelope;
pub mod identity;
pub mod seal;
pub mod statement;
pub mod wire;

/// Generated from `proto/orangery/v1`.
#[expect(clippy::all, clippy::allow_attributes, unused_qualifications, reason = "generated code")]
pub mod v1 {
    tonic::include_proto!("orangery.v1");
}

/// The most bytes of one encoded document, enforced when it is written.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// The most bytes of content in one chunk.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;
/// The most chunks of one update: at the usual 100 KiB per chunk more than a gigabyte.
pub const CHUNKS_PER_UPDATE_MAX: usize = 16_384;
/// The most bytes of any message of the link: the header of the largest update, with room.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// The most rejections that a report lists.
pub const REJECTIONS_PER_REPORT_MAX: usize = 1000;
/// How often each side of the link is heard if there is nothing to say. PINGs of HTTP/2 do not cross proxies.
pub const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(20);
/// The longest that an answer to Poll is held back.
pub const POLL_WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(25);
