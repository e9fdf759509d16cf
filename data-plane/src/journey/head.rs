use policy::id::ZoneId;
use std::net::IpAddr;

/// Who is at the other end of a connection, and how they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    pub address: IpAddr,
    pub arrival: Arrival,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    Plain,
    /// The zone is the one that the server name picked during the handshake.
    Tls {
        zone: ZoneId,
    },
}

impl Arrival {
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::Tls { .. } => "https",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// A borrowed view of what decides about a request, whatever engine read it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub visitor: Visitor,
    pub protocol: Protocol,
    pub method: &'a str,
    /// `:authority`, or the authority of an absolute target.
    pub authority: Option<&'a str>,
    /// The `Host` header. `Err` stands for several, or one that is not text.
    pub host: Result<Option<&'a str>, NotOneHost>,
    pub content_type: Option<&'a [u8]>,
    pub framing: Framing,
    pub offer: Offer,
    /// Names and values, and 32 for each header (RFC 9113, 6.5.2).
    pub header_bytes: usize,
    /// How often this request has passed an Orangery edge before, see [`super::loops`].
    pub passages: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOneHost;

/// What a request says about becoming a WebSocket (RFC 6455, 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    Nothing,
    WebSocket,
    OtherVersion,
    /// With the rule that it breaks.
    Malformed(&'static str),
}

/// Whether an HTTP/1.1 message says where its body ends in one way only (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Clear,
    Ambiguous,
}
