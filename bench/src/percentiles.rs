use std::{fmt, time::Duration};

/// A set of measured times, to be told in a line.
#[derive(Debug, Default)]
pub(crate) struct Percentiles(Vec<Duration>);

impl Percentiles {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
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
        write!(formatter, "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", millis(50), millis(99), millis(100))
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
    }
}
