//! Tasks without input: a timer or a nudge starts one, and it looks for itself what is to be done.

pub mod certificates;

use std::{error::Error, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Runs a task at once, then after every `interval` and every nudge, until it is stopped. A failure is logged and the task runs
/// again at its next turn.
pub async fn forever<E: Error + 'static, Doing: Future<Output = Result<(), E>> + Send>(
    name: &'static str,
    interval: Duration,
    nudge: Arc<Notify>,
    stop: CancellationToken,
    mut task: impl FnMut() -> Doing,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            done = task() => if let Err(error) = done {
                tracing::warn!(task = name, error = &error as &dyn Error, "a task failed and will run again");
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = nudge.notified() => {}
            () = tokio::time::sleep(interval) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const NEVER: Duration = Duration::from_secs(3600);

    /// Waits until a task has run so often.
    async fn reaches(runs: &AtomicUsize, number: usize) {
        let reached = async {
            while runs.load(Ordering::SeqCst) < number {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), reached).await.expect("the task runs");
    }

    #[tokio::test]
    async fn a_task_runs_at_once_and_after_each_nudge_also_when_it_fails_until_it_is_stopped() {
        let (runs, nudge, stop) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()), CancellationToken::new());
        let counted = Arc::clone(&runs);
        let task = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err(std::fmt::Error))
        };
        let looped = tokio::spawn(forever("test", NEVER, Arc::clone(&nudge), stop.clone(), task));
        for number in 1..=3 {
            reaches(&runs, number).await;
            nudge.notify_one();
        }
        reaches(&runs, 4).await;
        stop.cancel();
        looped.await.expect("the loop ends");
        assert_eq!(runs.load(Ordering::SeqCst), 4);
    }
}
