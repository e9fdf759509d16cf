//! Nodes: who they are and how far they are.

use super::{DbError, parse};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    id::NodeId,
    revision::{Chain, Position, Revision},
};
use proto::identity::VerifyingKey;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::{collections::BTreeMap, time::Duration};

/// A node that was not heard for so long is away, whatever its stream says: the replica that held it may be gone.
pub const AWAY_AFTER: Duration = Duration::from_secs(60);

pub type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone)]
pub struct Node {
    pub id: NodeId,
    pub name: String,
    pub labels: Labels,
    pub version: String,
    pub enrolled_on: Timestamp,
    pub revoked_on: Option<Timestamp>,
    pub state: NodeState,
}

#[derive(Debug, Clone)]
pub struct NodeState {
    /// Whether a stream is open and something was heard of it within [`AWAY_AFTER`].
    pub connected: bool,
    pub last_seen: Option<Timestamp>,
    pub applied: Position,
    pub applied_on: Option<Timestamp>,
    pub rejected: Vec<Rejected>,
    pub rejected_total: u32,
}

/// A document that a node did not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Such as `zone/<id>`.
    pub document: String,
    /// Whether a newer version of the node would apply it.
    pub needs_newer_node: bool,
    pub reason: String,
}

/// What is needed to judge a request of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub id: NodeId,
    pub signing_key: VerifyingKey,
    pub receiving_key: [u8; 32],
    pub revoked: bool,
}

struct Row {
    id: String,
    name: String,
    labels: sqlx::types::Json<Labels>,
    version: String,
    enrolled_on: jiff_sqlx::Timestamp,
    revoked_on: Option<jiff_sqlx::Timestamp>,
    streaming: bool,
    last_seen: Option<jiff_sqlx::Timestamp>,
    applied_revision: i64,
    applied_chain: Vec<u8>,
    applied_on: Option<jiff_sqlx::Timestamp>,
    rejected: sqlx::types::Json<Vec<Rejected>>,
    rejected_total: i32,
    /// How many rows the whole list has.
    total: i64,
}

impl Row {
    fn into_node(self, now: Timestamp) -> Result<Node, DbError> {
        let last_seen = self.last_seen.map(jiff_sqlx::Timestamp::to_jiff);
        let heard = last_seen.is_some_and(|seen| now.duration_since(seen).unsigned_abs() < AWAY_AFTER);
        let chain = self
            .applied_chain
            .try_into()
            .map_err(|_| DbError::Corrupt { column: "node_states.applied_chain" })?;
        Ok(Node {
            id: parse("nodes.id", &self.id)?,
            name: self.name,
            labels: self.labels.0,
            version: self.version,
            enrolled_on: self.enrolled_on.to_jiff(),
            revoked_on: self.revoked_on.map(jiff_sqlx::Timestamp::to_jiff),
            state: NodeState {
                connected: self.streaming && heard,
                last_seen,
                applied: Position {
                    revision: Revision(self.applied_revision.unsigned_abs()),
                    chain: Chain(chain),
                },
                applied_on: self.applied_on.map(jiff_sqlx::Timestamp::to_jiff),
                rejected: self.rejected.0,
                rejected_total: self.rejected_total.unsigned_abs(),
            },
        })
    }
}

/// Nodes by name, and how many there are in all.
pub async fn list(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Node>, i64), DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select n.id, n.name, n.labels as "labels: sqlx::types::Json<Labels>", n.version, n.enrolled_on, n.revoked_on,
                  s.stream is not null as "streaming!", s.last_seen, s.applied_revision, s.applied_chain, s.applied_on,
                  s.rejected as "rejected: sqlx::types::Json<Vec<Rejected>>", s.rejected_total,
                  count(*) over () as "total!"
           from nodes n join node_states s on s.node_id = n.id order by n.name limit $1 offset $2"#,
        limit,
        offset
    )
    .fetch_all(&mut *conn)
    .await?;
    let total = match rows.first() {
        Some(row) => row.total,
        None => sqlx::query_scalar!(r#"select count(*) as "count!" from nodes"#).fetch_one(conn).await?,
    };
    Ok((rows.into_iter().map(|row| row.into_node(now)).collect::<Result<_, _>>()?, total))
}

pub async fn find(conn: &mut PgConnection, id: NodeId, now: Timestamp) -> Result<Option<Node>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"select n.id, n.name, n.labels as "labels: sqlx::types::Json<Labels>", n.version, n.enrolled_on, n.revoked_on,
                  s.stream is not null as "streaming!", s.last_seen, s.applied_revision, s.applied_chain, s.applied_on,
                  s.rejected as "rejected: sqlx::types::Json<Vec<Rejected>>", s.rejected_total, 1::bigint as "total!"
           from nodes n join node_states s on s.node_id = n.id where n.id = $1"#,
        id.to_string()
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.into_node(now)).transpose()
}

/// Every node, for judging requests.
pub async fn members(conn: &mut PgConnection) -> Result<Vec<Member>, DbError> {
    let rows = sqlx::query!(
        "select id, signing_key, receiving_key, revoked_on is not null as \"revoked!\" from nodes"
    )
    .fetch_all(conn)
    .await?;
    let members =
        rows.into_iter().map(|row| member(&row.id, &row.signing_key, &row.receiving_key, row.revoked));
    members.collect()
}

pub async fn member_by_key(conn: &mut PgConnection, key: VerifyingKey) -> Result<Option<Member>, DbError> {
    let row = sqlx::query!(
        "select id, signing_key, receiving_key, revoked_on is not null as \"revoked!\" from nodes where signing_key = $1",
        &key.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| member(&row.id, &row.signing_key, &row.receiving_key, row.revoked)).transpose()
}

fn member(id: &str, signing_key: &[u8], receiving_key: &[u8], revoked: bool) -> Result<Member, DbError> {
    Ok(Member {
        id: parse("nodes.id", id)?,
        signing_key: VerifyingKey::from_slice(signing_key)
            .map_err(|_| DbError::Corrupt { column: "nodes.signing_key" })?,
        receiving_key: receiving_key
            .try_into()
            .map_err(|_| DbError::Corrupt { column: "nodes.receiving_key" })?,
        revoked,
    })
}

/// False if there is no such node.
pub async fn update(
    conn: &mut PgConnection,
    id: NodeId,
    name: Option<&str>,
    labels: Option<&Labels>,
) -> Result<bool, DbError> {
    let labels = labels.map(|labels| serde_json::json!(labels));
    let updated = sqlx::query!(
        "update nodes set name = coalesce($2, name), labels = coalesce($3, labels) where id = $1",
        id.to_string(),
        name,
        labels
    )
    .execute(conn)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Revokes a node for good. False if there is no such node that is not revoked.
pub async fn revoke(conn: &mut PgConnection, id: NodeId, now: Timestamp) -> Result<bool, DbError> {
    let revoked = sqlx::query!(
        "update nodes set revoked_on = $2 where id = $1 and revoked_on is null",
        id.to_string(),
        now.to_sqlx()
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("select pg_notify('orangery_nodes', '') is null as sent").fetch_one(conn).await?;
    Ok(revoked.rows_affected() == 1)
}
