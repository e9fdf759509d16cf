use std::{fmt, time::Duration};

/// A set of measured times, to be told in a line.
#[derive(Debug, Default)]
pub(crate) struct Percentiles(Vec<Duration>);

impl Percentiles {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// How many times longer than `other` this takes at `percent`.
    pub(crate) fn ratio(&self, other: &Self, percent: usize) -> f64 {
        self.at(percent).as_secs_f64() / other.at(percent).as_secs_f64()
    }

    /// The smallest time that at least `percent` of all are not above; zero if there are none.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |percent| self.at(percent).as_secs_f64() * 1000.0;
        write!(formatter, "p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", millis(50), millis(99), millis(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times = Percentiles::default();
        assert_eq!(times.at(50), Duration::ZERO);
        (1..=200).rev().for_each(|millis| times.add(Duration::from_millis(millis)));
        assert_eq!(times.at(50), Duration::from_millis(100));
        assert_eq!(times.at(99), Duration::from_millis(198));
        assert_eq!(times.at(100), Duration::from_millis(200));
        let mut halves = Percentiles::default();
        halves.add(Duration::from_millis(50));
        assert_eq!(times.ratio(&halves, 50), 2.0);
    }
}
