//! What Postgres itself costs: the least that a read and a write of a setting need, over the same driver, without anything of ours.

use crate::load::Turn;
use anyhow::Context as _;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// A database with a row for each client, a counter and a list of changes: no checks, no indexes but keys.
#[derive(Clone)]
pub(super) struct Floor(PgPool);

impl Floor {
    pub(super) async fn new(url: &str, clients: usize) -> anyhow::Result<Self> {
        let connections = u32::try_from(clients)?;
        // Each client keeps its connection; nothing is asked of it between two steps.
        let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
        let pool = pool.connect(url).await?;
        for statement in [
            "create table settings (id bigint primary key, value text not null)",
            "create table counter (revision bigint not null)",
            "create table changes (revision bigint primary key, setting bigint not null)",
            "insert into counter values (0)",
        ] {
            sqlx::query(statement).execute(&pool).await?;
        }
        sqlx::query("insert into settings select id, 'off' from generate_series(0, $1 - 1) id")
            .bind(i64::from(connections))
            .execute(&pool)
            .await?;
        Ok(Self(pool))
    }

    /// One row by its key.
    pub(super) async fn read(self, turn: Turn) -> anyhow::Result<()> {
        sqlx::query("select value from settings where id = $1").bind(row(turn)?).fetch_one(&self.0).await?;
        Ok(())
    }

    /// One row updated and committed. Clients that commit at the same time share one flush to disk.
    pub(super) async fn write(self, turn: Turn) -> anyhow::Result<()> {
        let (row, value) = (row(turn)?, value(turn));
        sqlx::query("update settings set value = $2 where id = $1")
            .bind(row)
            .bind(value)
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// What a change that is published in order needs at least: its row locked and updated, the next revision under the one lock
    /// that puts all changes in order, and what is to be published; then commit. Only one client at a time can be in the second
    /// half of it, so each change waits for a flush to disk of its own.
    pub(super) async fn write_in_order(self, turn: Turn) -> anyhow::Result<()> {
        let (row, value) = (row(turn)?, value(turn));
        let mut transaction = self.0.begin().await?;
        sqlx::query("select value from settings where id = $1 for update")
            .bind(row)
            .fetch_one(&mut *transaction)
            .await?;
        sqlx::query("update settings set value = $2 where id = $1")
            .bind(row)
            .bind(value)
            .execute(&mut *transaction)
            .await?;
        let revision: i64 =
            sqlx::query_scalar("update counter set revision = revision + 1 returning revision")
                .fetch_one(&mut *transaction)
                .await?;
        sqlx::query("insert into changes values ($1, $2)")
            .bind(revision)
            .bind(row)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await.context("commit")
    }
}

fn row(turn: Turn) -> anyhow::Result<i64> {
    Ok(i64::try_from(turn.client)?)
}

/// Each write of a client is a change.
pub(super) fn value(turn: Turn) -> &'static str {
    if turn.round.is_multiple_of(2) { "on" } else { "off" }
}
