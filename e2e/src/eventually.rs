//! Waiting for what must come, with an end to patience.

use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep};

const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something.
///
/// # Errors
///
/// If it has not within `patience`; the message names what was waited for.
pub async fn eventually<T, F, Fut>(what: &str, patience: Duration, mut look: F) -> anyhow::Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() < end, "not within {patience:?}: {what}");
        sleep(BETWEEN_LOOKS).await;
    }
}
