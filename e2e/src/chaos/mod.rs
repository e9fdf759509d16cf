//! Kills the control plane, nodes and Postgres at random while writers write, then asks whether every promise was kept.

mod chance;
mod ledger;
mod machine;
mod restore;
mod verify;
mod writer;

use crate::rest::Api;
use anyhow::Context as _;
use chance::Chance;
use machine::Machine;
use std::time::Duration;
use tokio::sync::watch;
use verify::Findings;
pub use verify::revisions_abut;
use writer::Writer;

const WRITERS: usize = 4;
const NODES: usize = 2;
const BETWEEN_KILLS_MILLIS: u64 = 400;
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// How much to break.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub kills: usize,
    /// The same seed kills in the same order.
    pub seed: u64,
}

/// What one run came to.
#[derive(Debug)]
pub struct Report {
    pub kills: [(&'static str, usize); 3],
    pub acknowledged: usize,
    /// Writes whose answer was lost, so that they may have happened or not.
    pub unanswered: usize,
    pub revisions: u64,
    pub nodes: usize,
}

/// Breaks things according to plan, `say`ing how it goes.
///
/// # Errors
///
/// If a promise was broken, or the system did not come back; the error says which.
pub async fn run(plan: Plan, say: &dyn Fn(&str)) -> anyhow::Result<Report> {
    let mut machine = Machine::start(NODES).await?;
    let api = machine.api.clone();
    let (stop, stopped) = watch::channel(false);
    let mut writers = Vec::new();
    for index in 0..WRITERS {
        let writer = Writer::new(&api, index, Chance::new(plan.seed ^ (index as u64 + 1))).await?;
        writers.push(tokio::spawn(writer.run(stopped.clone())));
    }
    let kills = kill_at_random(&mut machine, plan, say).await?;
    stop.send_replace(true);
    let mut ledgers = Vec::new();
    for writer in writers {
        ledgers.push(writer.await?.context("a writer was told something that cannot be")?);
    }
    say("everything runs again, comparing");
    let Findings { revisions, nodes } = verify::all(&machine, &ledgers).await?;
    say("restoring an older database and writing past its old number");
    restore::prove(&mut machine, &ledgers[0]).await?;
    machine.stop().await;
    let total = |count: fn(&ledger::Ledger) -> usize| ledgers.iter().map(count).sum();
    let (acknowledged, unanswered) = (total(|ledger| ledger.acknowledged), total(|ledger| ledger.unanswered));
    Ok(Report { kills, acknowledged, unanswered, revisions, nodes })
}

async fn kill_at_random(
    machine: &mut Machine,
    plan: Plan,
    say: &dyn Fn(&str),
) -> anyhow::Result<[(&'static str, usize); 3]> {
    let mut chance = Chance::new(plan.seed);
    let mut kills = [("control plane", 0), ("node", 0), ("postgres", 0)];
    for kill in 1..=plan.kills {
        tokio::time::sleep(Duration::from_millis(chance.below(BETWEEN_KILLS_MILLIS))).await;
        let victim = usize::try_from(chance.below(3)).unwrap_or_default();
        match victim {
            0 => machine.kill_control_plane().await,
            1 => machine.kill_node(usize::try_from(chance.below(NODES as u64)).unwrap_or_default()).await,
            _ => machine.kill_postgres().await,
        }
        .with_context(|| format!("kill {kill}, of the {}", kills[victim].0))?;
        kills[victim].1 += 1;
        if kill % 10 == 0 {
            say(&format!("{kill} kills"));
        }
    }
    Ok(kills)
}

/// Waits until writes are possible again.
async fn writable(api: &Api) -> anyhow::Result<()> {
    let answers = || async { api.get("/zones").await.is_ok_and(|answer| answer.status == 200).then_some(()) };
    crate::eventually::eventually("the control plane answers", BACK_WITHIN, answers).await
}
