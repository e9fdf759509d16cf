//! Buckets of requests that refill steadily. Pure.
//!
//! Of each only the time at which it is full again is kept: the generic cell rate algorithm (ITU-T I.371).

use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, hash::Hash};

/// The time in which an empty bucket is full again.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// How large each bucket is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) requests: u32,
    /// Between two requests of somebody who asks as fast as the bucket refills.
    interval: SignedDuration,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) size: u32,
    pub(super) remaining: u32,
    /// Until the bucket is full again.
    pub(super) full_in: SignedDuration,
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Empty {
    pub(super) standing: Standing,
    /// Until a request comes back.
    pub(super) retry_in: SignedDuration,
}

impl Size {
    /// None for a bucket without requests.
    pub(super) fn new(requests: u32) -> Option<Self> {
        let interval = WINDOW.checked_div(i32::try_from(requests).ok()?)?;
        Some(Self { requests, interval })
    }

    fn standing(&self, full_in: SignedDuration) -> Standing {
        let remaining = (WINDOW - full_in).as_nanos() / self.interval.as_nanos();
        let remaining = u32::try_from(remaining).unwrap_or_default().min(self.requests);
        Standing { size: self.requests, remaining, full_in }
    }
}

/// The buckets of everybody, at most `buckets_max` of them. One that is full need not be kept.
pub(super) struct Buckets<Key> {
    full_at: HashMap<Key, Timestamp>,
    buckets_max: usize,
}

impl<Key: Hash + Eq> Buckets<Key> {
    pub(super) fn new(buckets_max: usize) -> Self {
        Self { full_at: HashMap::new(), buckets_max }
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.full_at.contains_key(key)
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.full_at.remove(key);
    }

    /// What taking a request would leave, without taking it.
    fn look(&self, key: &Key, size: Size, now: Timestamp) -> Result<Standing, Empty> {
        let full_in = self.full_at.get(key).map_or(SignedDuration::ZERO, |at| at.duration_since(now));
        // Nothing takes longer than the window to be full, unless the clock was set back meanwhile.
        let full_in = if full_in > WINDOW { SignedDuration::ZERO } else { full_in.max(SignedDuration::ZERO) };
        if full_in + size.interval > WINDOW {
            return Err(Empty {
                standing: size.standing(full_in),
                retry_in: full_in + size.interval - WINDOW,
            });
        }
        Ok(size.standing(full_in + size.interval))
    }

    /// Takes a request.
    pub(super) fn take(&mut self, key: Key, size: Size, now: Timestamp) -> Result<Standing, Empty> {
        let standing = self.look(&key, size, now)?;
        if self.full_at.len() >= self.buckets_max && !self.contains(&key) {
            self.make_room(now);
        }
        self.full_at.insert(key, now + standing.full_in);
        Ok(standing)
    }

    /// Drops what is full. If that is not enough, everybody begins anew: memory has a limit, and to pass this one by takes more
    /// callers than the limit of each is worth.
    fn make_room(&mut self, now: Timestamp) {
        self.full_at.retain(|_, at| *at > now);
        if self.full_at.len() >= self.buckets_max {
            tracing::warn!("more than {} callers at a time: all of them begin anew", self.buckets_max);
            self.full_at.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).expect("a time")
    }

    fn size(requests: u32) -> Size {
        Size::new(requests).expect("not zero")
    }

    /// How many of the requests at these times pass.
    fn passed(buckets: &mut Buckets<&str>, size: Size, times: impl Iterator<Item = i64>) -> usize {
        times.filter(|time| buckets.take("caller", size, at(*time)).is_ok()).count()
    }

    #[test]
    fn a_bucket_may_be_spent_at_once_and_then_refills_steadily() {
        let (mut buckets, size) = (Buckets::new(10), size(1200));
        assert_eq!(passed(&mut buckets, size, std::iter::repeat_n(0, 3000)), 1200);
        let empty = buckets.take("caller", size, at(0)).expect_err("empty");
        assert_eq!((empty.retry_in.as_millis(), empty.standing.remaining), (250, 0));
        assert_eq!(empty.standing.full_in, WINDOW);
        assert!(buckets.take("caller", size, at(249)).is_err());
        assert!(
            buckets.take("caller", size, at(250)).is_ok() && buckets.take("caller", size, at(250)).is_err()
        );
        assert!(buckets.take("other", size, at(250)).is_ok(), "each has its own");
        let later = buckets.take("caller", size, at(300_250)).expect("full again");
        assert_eq!((later.remaining, later.full_in.as_millis()), (1199, 250));
    }

    #[test]
    fn who_asks_as_fast_as_the_bucket_refills_is_never_refused() {
        let (mut buckets, size) = (Buckets::new(10), size(1200));
        assert_eq!(passed(&mut buckets, size, (0..10_000).map(|n| n * 250)), 10_000);
    }

    #[test]
    fn no_edge_of_a_window_lets_a_second_bucket_through() {
        let size = size(1200);
        for edge in (0..600_000).step_by(50_000) {
            let mut buckets = Buckets::new(10);
            let burst = |from: i64| (0..2400).map(move |n| from + n / 240);
            let both = burst(edge - 10).chain(burst(edge));
            assert!(passed(&mut buckets, size, both) <= 1200 + 1, "{edge}");
        }
    }

    #[test]
    fn limits_that_do_not_divide_the_window_are_kept_too() {
        for requests in [1, 7, 11, 1201, 999_983] {
            let mut buckets = Buckets::new(10);
            let asked = usize::try_from(requests).expect("fits") + 100;
            let times = std::iter::repeat_n(0, asked);
            assert_eq!(passed(&mut buckets, size(requests), times), asked - 100, "{requests}");
        }
        assert!(Size::new(0).is_none());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let (mut buckets, size) = (Buckets::new(10), size(10));
        assert_eq!(passed(&mut buckets, size, std::iter::repeat_n(86_400_000, 20)), 10);
        assert_eq!(passed(&mut buckets, size, std::iter::repeat_n(0, 20)), 10);
    }

    #[test]
    fn the_number_of_buckets_has_a_limit() {
        let (mut buckets, size) = (Buckets::new(3), size(300));
        for (key, time) in [(1, 0), (2, 0), (3, 1000), (4, 1000)] {
            buckets.take(key, size, at(time)).expect("not empty");
        }
        assert!(!buckets.contains(&1) && buckets.contains(&3), "the full ones made room");
        buckets.take(5, size, at(1000)).expect("not empty");
        buckets.take(6, size, at(1000)).expect("not empty");
        assert_eq!(buckets.full_at.len(), 1, "none was full");
    }
}
