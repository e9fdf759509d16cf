//! Settings that are amounts, each within its range.

use std::time::Duration;

/// How large one upload may be: a request's body on plain HTTP, and one message of a gRPC stream, which has no end by nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaxUpload {
    megabytes: u16,
}

impl MaxUpload {
    pub const MEGABYTES_MAX: u16 = 5000;

    /// 0 means without limit. `None` above the maximum.
    pub fn from_megabytes(megabytes: u16) -> Option<Self> {
        (megabytes <= Self::MEGABYTES_MAX).then_some(Self { megabytes })
    }

    pub fn megabytes(self) -> u16 {
        self.megabytes
    }

    /// `None` if there is no limit.
    pub fn bytes(self) -> Option<u64> {
        (self.megabytes != 0).then(|| u64::from(self.megabytes) << 20)
    }
}

impl Default for MaxUpload {
    fn default() -> Self {
        Self { megabytes: 100 }
    }
}

/// How long an origin may be silent on plain HTTP, before its answer and within it. gRPC has its deadlines instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProxyReadTimeout {
    seconds: u16,
}

impl ProxyReadTimeout {
    pub const SECONDS_MAX: u16 = 6000;

    /// `None` outside 1 to 6000.
    pub fn from_seconds(seconds: u16) -> Option<Self> {
        (1..=Self::SECONDS_MAX).contains(&seconds).then_some(Self { seconds })
    }

    pub fn seconds(self) -> u16 {
        self.seconds
    }

    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

impl Default for ProxyReadTimeout {
    fn default() -> Self {
        Self { seconds: 125 }
    }
}

/// How many requests may be under way at once on one HTTP/2 connection to an origin, which may itself ask for fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OriginStreams {
    count: u16,
}

impl OriginStreams {
    pub const MAX: u16 = 1000;

    /// `None` outside 1 to 1000.
    pub fn new(count: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&count).then_some(Self { count })
    }

    pub fn count(self) -> u16 {
        self.count
    }
}

impl Default for OriginStreams {
    fn default() -> Self {
        Self { count: 100 }
    }
}
