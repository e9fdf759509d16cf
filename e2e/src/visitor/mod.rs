//! Those who call: one way to ask, whichever client stack does the calling.

mod driver;
mod outcome;
mod rust;

pub use driver::{Driver, Missing};
pub use outcome::Outcome;
pub use rust::{HeldStream, channel, crossed_channel};

use std::{net::SocketAddr, time::Duration};

/// The gRPC stacks whose users the edge serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stack {
    Tonic,
    Python,
    Node,
    Go,
}

impl Stack {
    pub const ALL: [Self; 4] = [Self::Tonic, Self::Python, Self::Node, Self::Go];
    /// Those that run as programs of their own.
    pub const DRIVERS: [Self; 3] = [Self::Python, Self::Node, Self::Go];
}

/// By which of the edge's ports a visitor comes.
#[derive(Debug, Clone)]
pub enum Door {
    Https { address: SocketAddr, ca_pem: String },
    Http { address: SocketAddr },
}

impl Door {
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Https { address, .. } | Self::Http { address } => *address,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    SayHello,
    LotsOfReplies,
    LotsOfGreetings,
    Bidi,
    /// A bidi stream that the visitor cancels after its first reply.
    Cancel,
    /// A bidi stream that stays open until its deadline passes.
    Deadline,
}

impl Call {
    pub const ALL: [Self; 6] = [
        Self::SayHello,
        Self::LotsOfReplies,
        Self::LotsOfGreetings,
        Self::Bidi,
        Self::Cancel,
        Self::Deadline,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::SayHello => "say-hello",
            Self::LotsOfReplies => "lots-of-replies",
            Self::LotsOfGreetings => "lots-of-greetings",
            Self::Bidi => "bidi",
            Self::Cancel => "cancel",
            Self::Deadline => "deadline",
        }
    }
}

/// One call to one name.
#[derive(Debug, Clone)]
pub struct Request {
    pub call: Call,
    /// The name that is called: SNI and `:authority`.
    pub host: String,
    pub greeting: String,
    /// Requests sent on a stream that takes several.
    pub count: usize,
    pub deadline: Duration,
    /// Values of `-bin` keys are base64.
    pub metadata: Vec<(String, String)>,
}

const STREAM_REQUESTS: usize = 3;

impl Request {
    pub fn new(call: Call, host: &str) -> Self {
        let deadline = Duration::from_secs(20);
        Self {
            call,
            host: host.to_owned(),
            greeting: "Orangery".into(),
            count: STREAM_REQUESTS,
            deadline,
            metadata: Vec::new(),
        }
    }

    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    #[must_use]
    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Makes the call with tonic and tells how it ended.
    pub async fn send(&self, door: &Door) -> Outcome {
        rust::call(door, self).await
    }
}
