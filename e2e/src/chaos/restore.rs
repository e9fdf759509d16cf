//! A database that goes back in time: nodes are ahead of it, then it writes past them with another history.

use super::{ledger::Ledger, machine::Machine, verify};
use anyhow::ensure;
use sqlx::{Connection as _, PgConnection};

/// Writes after the copy, which the restored database does not have.
const LOST_WRITES: usize = 5;
/// Writes after the restore, so that its numbers pass those that were lost.
const NEW_WRITES: usize = 9;

pub(super) async fn prove(machine: &mut Machine, ledger: &Ledger) -> anyhow::Result<()> {
    let nodes = machine.nodes.len();
    machine.stop_control_plane().await?;
    administer(machine, &["create database copy template orangery"]).await?;
    machine.start_control_plane().await?;
    toggle(ledger, LOST_WRITES).await?;
    let ahead = converged(machine, nodes).await?;

    machine.stop_control_plane().await?;
    administer(machine, &["drop database orangery with (force)", "alter database copy rename to orangery"])
        .await?;
    machine.start_control_plane().await?;
    let restored = converged(machine, nodes).await?;
    ensure!(restored < ahead, "the restored database is at {restored}, before it was at {ahead}");

    toggle(ledger, NEW_WRITES).await?;
    let past = converged(machine, nodes).await?;
    ensure!(past > ahead, "the database is at {past}, which is not past {ahead}");
    verify::nodes_enforce(machine, std::slice::from_ref(ledger)).await
}

async fn toggle(ledger: &Ledger, writes: usize) -> anyhow::Result<()> {
    for write in 0..writes {
        ledger.zone.try_set("grpc", if write % 2 == 0 { "on" } else { "off" }).await?.granted()?;
    }
    Ok(())
}

/// The revision at which the database and every node agree.
async fn converged(machine: &Machine, nodes: usize) -> anyhow::Result<u64> {
    let mut database = PgConnection::connect(&machine.postgres()?.url()).await?;
    verify::nodes_have_the_chain(&mut database, nodes).await?;
    let revision = verify::revisions_abut(&mut database).await;
    database.close().await?;
    revision
}

/// Statements that are made outside the database they are about.
async fn administer(machine: &Machine, statements: &[&'static str]) -> anyhow::Result<()> {
    let options = machine.postgres()?.connect_options().database("postgres");
    let mut connection = PgConnection::connect_with(&options).await?;
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await?;
    }
    Ok(connection.close().await?)
}
