//! What the publisher reads: history, and the rows of documents, all in one consistent view.

use super::{DbError, parse};
use policy::{
    id::FleetKeyId,
    object::{ObjectHash, TrustStore},
    revision::{Chain, Position, Revision},
};
use sqlx::{PgConnection, PgPool, Postgres, Transaction, postgres::PgListener};

/// A view of the database at one moment: everything read through it belongs to the same revision.
pub struct View {
    transaction: Transaction<'static, Postgres>,
}

/// Where history stands, and whether a place remembered from before is still part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub position: Position,
    /// Whether the remembered position is in this history. False after the database was replaced by an older or another one.
    pub continues: bool,
    pub fleet_key: Option<FleetKeyId>,
    pub census: Census,
}

/// Tells two lists of nodes apart: nodes are never deleted, and a revocation is never taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    pub nodes: i64,
    pub revoked: i64,
}

/// The newest thing that happened to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// As it stands in the outbox.
    pub document: String,
    pub revision: Revision,
    pub removed: bool,
}

/// Wakes the publisher. Only a hint: it is lost with its connection, and truth is in the tables.
pub struct Nudges(PgListener);

impl Nudges {
    pub async fn listen(pool: &PgPool) -> Result<Self, DbError> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen_all(["orangery_revision", "orangery_nodes"]).await?;
        Ok(Self(listener))
    }

    /// Returns when something happened, once for all that happened by now, and at once after a lost connection was opened
    /// again.
    pub async fn next(&mut self) -> Result<(), DbError> {
        self.0.try_recv().await?;
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}

impl View {
    pub async fn open(pool: &PgPool) -> Result<Self, DbError> {
        Ok(Self { transaction: pool.begin_with("begin isolation level repeatable read read only").await? })
    }

    pub async fn close(self) -> Result<(), DbError> {
        Ok(self.transaction.commit().await?)
    }

    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// The newest position, and whether `known` lies before it or is it.
    pub async fn head(&mut self, known: Position) -> Result<Head, DbError> {
        let row = sqlx::query!(
            "select c.revision, c.chain, r.chain as \"known?\",
                    (select id from fleet_keys where retired_on is null) as fleet_key,
                    n.nodes as \"nodes!\", n.revoked as \"revoked!\"
             from revision_counter c left join revisions r on r.revision = $1
                  cross join (select count(*) as nodes, count(revoked_on) as revoked from nodes) n",
            known.revision.0.cast_signed()
        )
        .fetch_one(self.conn())
        .await?;
        let first = known == Position::default();
        Ok(Head {
            position: Position { revision: Revision(row.revision.unsigned_abs()), chain: chain(row.chain)? },
            continues: first || row.known.is_some_and(|chain| chain == known.chain.0),
            fleet_key: row.fleet_key.map(|id| parse("fleet_keys.id", &id)).transpose()?,
            census: Census { nodes: row.nodes, revoked: row.revoked },
        })
    }

    /// The documents touched after a revision, each once.
    pub async fn touched_since(&mut self, revision: Revision) -> Result<Vec<Touched>, DbError> {
        let rows = sqlx::query!(
            r#"select distinct on (document) document, revision, removed from outbox where revision > $1
               order by document, revision desc"#,
            revision.0.cast_signed()
        )
        .fetch_all(self.conn())
        .await?;
        let touched = rows.into_iter().map(|row| Touched {
            document: row.document,
            revision: Revision(row.revision.unsigned_abs()),
            removed: row.removed,
        });
        Ok(touched.collect())
    }

    /// Those of the trust stores that exist.
    pub async fn trust_stores(&mut self, hashes: &[ObjectHash]) -> Result<Vec<TrustStore>, DbError> {
        let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
        let rows = sqlx::query_scalar!("select certificates from trust_stores where hash = any($1)", &hashes)
            .fetch_all(self.conn())
            .await?;
        Ok(rows.into_iter().map(TrustStore::new).collect())
    }
}

/// Forgets history that is `revisions_max` revisions old or older: what happened to documents before their newest form, and
/// removals. A node that was away for longer gets everything anew, since its position is not found any more.
pub async fn compact(pool: &PgPool, revisions_max: u64) -> Result<(), DbError> {
    let mut transaction = pool.begin().await?;
    let newest =
        sqlx::query_scalar!("select revision from revision_counter").fetch_one(&mut *transaction).await?;
    let horizon = newest.saturating_sub_unsigned(revisions_max);
    sqlx::query!(
        "delete from outbox o where revision <= $1
         and (removed or exists (select 1 from outbox n where n.document = o.document and n.revision > o.revision))",
        horizon
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!("delete from revisions where revision <= $1", horizon).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Whether a position is part of the history in the database.
pub async fn knows(conn: &mut PgConnection, position: Position) -> Result<bool, DbError> {
    let chain = sqlx::query_scalar!(
        "select chain from revisions where revision = $1",
        position.revision.0.cast_signed()
    )
    .fetch_optional(conn)
    .await?;
    Ok(chain.is_some_and(|chain| chain == position.chain.0))
}

fn chain(bytes: Vec<u8>) -> Result<Chain, DbError> {
    bytes.try_into().map(Chain).map_err(|_| DbError::Corrupt { column: "revisions.chain" })
}
