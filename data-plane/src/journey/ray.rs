use http::HeaderValue;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The name of one request, the same in headers, logs and errors: 16 hexadecimal digits and the place of the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ray {
    number: u64,
    colo: Arc<str>,
}

impl Ray {
    pub fn new(number: u64, colo: impl Into<Arc<str>>) -> Self {
        Self { number, colo: colo.into() }
    }

    /// The part without the place, as error pages show it.
    pub fn short(&self) -> String {
        format!("{:016x}", self.number)
    }

    pub fn to_header(&self) -> HeaderValue {
        HeaderValue::try_from(self.to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("0000000000000000-XXX"))
    }
}

impl fmt::Display for Ray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.number, self.colo)
    }
}

/// Gives every request another ray: a Weyl sequence from a random start, mixed by SplitMix64.
pub struct Rays {
    state: AtomicU64,
    colo: Arc<str>,
}

impl Rays {
    pub fn new(seed: u64, colo: Arc<str>) -> Self {
        Self { state: AtomicU64::new(seed), colo }
    }

    pub fn next(&self) -> Ray {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ray { number: number ^ (number >> 31), colo: Arc::clone(&self.colo) }
    }
}
