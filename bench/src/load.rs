//! Several clients at once, each of which does one thing after the other.

use crate::percentiles::Percentiles;
use std::{
    fmt,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Steps that begin before this are not counted: connections are opened and statements are prepared.
const WARM_UP: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub clients: usize,
    /// How long is measured.
    pub length: Duration,
}

/// Whose turn it is, both counted from zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub client: usize,
    pub round: usize,
}

/// The times of all steps of all clients.
#[derive(Debug)]
pub(crate) struct Measured {
    pub times: Percentiles,
    per_second: f64,
}

impl Load {
    /// Takes steps until the time is over. A step that fails ends the measurement, since its time would mean nothing.
    pub(crate) async fn run<Step, Done>(self, step: Step) -> anyhow::Result<Measured>
    where
        Step: Fn(Turn) -> Done + Clone + Send + 'static,
        Done: Future<Output = anyhow::Result<()>> + Send,
    {
        let begun = Instant::now();
        let mut clients = JoinSet::new();
        for client in 0..self.clients {
            let step = step.clone();
            clients.spawn(async move {
                let mut times = Percentiles::default();
                let mut round = 0;
                while begun.elapsed() < WARM_UP + self.length {
                    let (at, counts) = (Instant::now(), begun.elapsed() >= WARM_UP);
                    step(Turn { client, round }).await?;
                    if counts {
                        times.add(at.elapsed());
                    }
                    round += 1;
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Percentiles::default();
        while let Some(of_client) = clients.join_next().await {
            times.extend(of_client??);
        }
        let per_second = times.count() as f64 / self.length.as_secs_f64();
        Ok(Measured { times, per_second })
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {:.0} per second", self.times, self.per_second)
    }
}
