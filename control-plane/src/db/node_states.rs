//! What changes all the time about nodes: their streams and what they report.

use super::{
    DbError,
    nodes::{AWAY_AFTER, Rejected},
    parse,
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    id::NodeId,
    revision::{Position, Revision},
};
use proto::envelope::Turn;
use sqlx::{PgConnection, PgPool};

/// Takes a turn for a stream, which becomes the node's open one. False if the turn is not newer than the last.
pub async fn begin_stream(
    conn: &mut PgConnection,
    node: NodeId,
    turn: Turn,
    stream: &str,
    version: &str,
    now: Timestamp,
) -> Result<bool, DbError> {
    let (session, counter) = (turn.session.cast_signed(), turn.counter.cast_signed());
    let taken = sqlx::query!(
        "update node_states set watch_session = $2, watch_counter = $3, stream = $4, last_seen = $5
         where node_id = $1 and (watch_session, watch_counter) < ($2, $3)",
        node.to_string(),
        session,
        counter,
        stream,
        now.to_sqlx()
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("update nodes set version = $2 where id = $1 and version <> $2", node.to_string(), version)
        .execute(conn)
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Notes that a stream ended, unless the node opened another in the meantime.
pub async fn end_stream(conn: &mut PgConnection, node: NodeId, stream: &str) -> Result<(), DbError> {
    sqlx::query!(
        "update node_states set stream = null where node_id = $1 and stream = $2",
        node.to_string(),
        stream
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a node told, and when it was heard.
#[derive(Debug, Clone)]
pub struct Report {
    pub node: NodeId,
    pub turn: Turn,
    pub applied: Position,
    pub rejected: Vec<Rejected>,
    pub rejected_total: u32,
    pub at: Timestamp,
}

/// Writes the newest report of each of several nodes; one that is not newer than the last is passed over.
pub async fn store_reports(pool: &PgPool, reports: &[Report]) -> Result<(), DbError> {
    let column = |number: fn(&Report) -> i64| reports.iter().map(number).collect::<Vec<_>>();
    let nodes: Vec<String> = reports.iter().map(|report| report.node.to_string()).collect();
    let sessions = column(|report| report.turn.session.cast_signed());
    let counters = column(|report| report.turn.counter.cast_signed());
    let revisions = column(|report| report.applied.revision.0.cast_signed());
    let chains: Vec<Vec<u8>> = reports.iter().map(|report| report.applied.chain.0.to_vec()).collect();
    let rejected: Vec<serde_json::Value> =
        reports.iter().map(|report| serde_json::json!(report.rejected)).collect();
    let totals: Vec<i32> =
        reports.iter().map(|report| i32::try_from(report.rejected_total).unwrap_or(i32::MAX)).collect();
    let times = column(|report| report.at.as_microsecond());
    sqlx::query!(
        "update node_states s
         set report_session = t.session, report_counter = t.counter, applied_revision = t.revision, applied_chain = t.chain,
             applied_on = case when s.applied_chain = t.chain then s.applied_on else t.at end,
             last_seen = greatest(s.last_seen, t.at), rejected = t.rejected, rejected_total = t.rejected_total
         from (select node_id, session, counter, revision, chain, rejected, rejected_total,
                      timestamptz 'epoch' + at * interval '1 microsecond' as at
               from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::jsonb[], $7::int[], $8::bigint[])
                    as u (node_id, session, counter, revision, chain, rejected, rejected_total, at)) t
         where s.node_id = t.node_id and (s.report_session, s.report_counter) < (t.session, t.counter)",
        &nodes,
        &sessions,
        &counters,
        &revisions,
        &chains,
        &rejected,
        &totals,
        &times
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The nodes that are connected.
pub async fn connected(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<NodeId>, DbError> {
    let ids = sqlx::query_scalar!(
        "select s.node_id from node_states s join nodes n on n.id = s.node_id
         where s.stream is not null and n.revoked_on is null and s.last_seen > $1",
        (now - AWAY_AFTER).to_sqlx()
    )
    .fetch_all(conn)
    .await?;
    ids.iter().map(|id| parse("node_states.node_id", id)).collect()
}

/// How many of some nodes have applied a revision of the history that is in the database.
pub async fn count_applied(
    conn: &mut PgConnection,
    nodes: &[NodeId],
    revision: Revision,
) -> Result<usize, DbError> {
    let ids: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from node_states s
           join revisions r on r.revision = s.applied_revision and r.chain = s.applied_chain
           where s.node_id = any($1) and s.applied_revision >= $2"#,
        &ids,
        revision.0.cast_signed()
    )
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// The fleet in three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub connected: u64,
    /// Connected, and not at the newest revision.
    pub behind: u64,
    /// Connected, and keeping at least one document in its last good form.
    pub rejecting: u64,
}

pub async fn summary(conn: &mut PgConnection, now: Timestamp) -> Result<Summary, DbError> {
    let row = sqlx::query!(
        r#"select count(*) as "connected!",
                  count(*) filter (where s.applied_revision <> c.revision or s.applied_chain <> c.chain) as "behind!",
                  count(*) filter (where s.rejected_total > 0) as "rejecting!"
           from node_states s join nodes n on n.id = s.node_id cross join revision_counter c
           where s.stream is not null and n.revoked_on is null and s.last_seen > $1"#,
        (now - AWAY_AFTER).to_sqlx()
    )
    .fetch_one(conn)
    .await?;
    let count = i64::unsigned_abs;
    Ok(Summary {
        connected: count(row.connected),
        behind: count(row.behind),
        rejecting: count(row.rejecting),
    })
}
