//! The promises, asked of the database, of the nodes, and of real calls.

use super::{BACK_WITHIN, ledger::Ledger, machine::Machine};
use crate::{
    eventually::eventually,
    visitor::{Call, Request},
};
use anyhow::{Context as _, ensure};
use control_plane::db::change::next_chain;
use policy::revision::{Chain, Revision};
use sqlx::{Connection as _, PgConnection, Row as _};
use std::collections::BTreeMap;

pub(super) struct Findings {
    pub(super) revisions: u64,
    pub(super) nodes: usize,
}

pub(super) async fn all(machine: &Machine, ledgers: &[Ledger]) -> anyhow::Result<Findings> {
    super::writable(&machine.api).await?;
    let mut database = PgConnection::connect(&machine.postgres()?.url()).await?;
    for ledger in ledgers {
        ledger.hold_against_truth().await?;
    }
    let revisions = revisions_abut(&mut database).await?;
    let told = ledgers.iter().map(|ledger| ledger.newest_revision).max().unwrap_or_default();
    ensure!(told <= revisions, "revision {told} was acknowledged, the database is at {revisions}");
    let nodes = nodes_have_the_chain(&mut database, machine.nodes.len()).await?;
    nodes_enforce(machine, ledgers).await?;
    Ok(Findings { revisions, nodes })
}

/// Revisions begin at 1, have no gaps, and each chain follows from the one before and the documents of its revision.
pub async fn revisions_abut(database: &mut PgConnection) -> anyhow::Result<u64> {
    let mut documents: BTreeMap<i64, BTreeMap<String, bool>> = BTreeMap::new();
    for row in sqlx::query("select revision, document, removed from outbox").fetch_all(&mut *database).await?
    {
        documents.entry(row.get(0)).or_default().insert(row.get(1), row.get(2));
    }
    let (mut last, mut chain) = (0, Chain([0; 32]));
    for row in sqlx::query("select revision, salt, chain from revisions order by revision")
        .fetch_all(&mut *database)
        .await?
    {
        let revision: i64 = row.get(0);
        ensure!(revision == last + 1, "revision {revision} follows {last}");
        let touched =
            documents.remove(&revision).with_context(|| format!("revision {revision} touched nothing"))?;
        let salt = row.get::<Vec<u8>, _>(1).try_into().ok().context("a salt has 16 bytes")?;
        chain = next_chain(chain, Revision(revision.unsigned_abs()), &salt, &touched);
        ensure!(row.get::<Vec<u8>, _>(2) == chain.0, "the chain at {revision} does not follow");
        last = revision;
    }
    ensure!(documents.is_empty(), "documents without a revision: {documents:?}");
    let counter =
        sqlx::query("select revision, chain from revision_counter").fetch_one(&mut *database).await?;
    let at_counter = (counter.get::<i64, _>(0), counter.get::<Vec<u8>, _>(1));
    ensure!(
        at_counter == (last, chain.0.to_vec()),
        "the counter is at {at_counter:?}, the last revision is {last}"
    );
    Ok(last.unsigned_abs())
}

/// Every node reports the revision and the chain that the database has.
pub(super) async fn nodes_have_the_chain(database: &mut PgConnection, nodes: usize) -> anyhow::Result<usize> {
    const SAME: &str = "select count(*) from node_states s, revision_counter c \
                        where s.applied_revision = c.revision and s.applied_chain = c.chain and s.stream is not null";
    let database = tokio::sync::Mutex::new(database);
    let same = || async {
        let mut database = database.lock().await;
        let count = sqlx::query_scalar::<_, i64>(SAME).fetch_one(&mut **database).await.ok()?;
        (usize::try_from(count) == Ok(nodes)).then_some(nodes)
    };
    eventually("every node has the chain of the database", BACK_WITHIN, same).await
}

/// A call through every node meets the toggle as the database has it.
pub(super) async fn nodes_enforce(machine: &Machine, ledgers: &[Ledger]) -> anyhow::Result<()> {
    for ledger in ledgers {
        let reason = if ledger.toggle_now().await? == "on" { "ORIGIN_REFUSED" } else { "GRPC_OFF" };
        for node in &machine.nodes {
            let outcome =
                Request::new(Call::SayHello, &ledger.zone.host("grpc")).send(&machine.door(node)).await;
            ensure!(outcome.reason == reason, "{}: {reason} was due, not {outcome:?}", ledger.zone.name);
        }
    }
    Ok(())
}
