use crate::db::nodes::{Labels, Node, Rejected};
use jiff::Timestamp;
use policy::revision::Revision;
use serde::Serialize;
use utoipa::ToSchema;

/// A node as callers see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeView {
    id: String,
    name: String,
    version: String,
    /// Set here and never claimed by the node.
    labels: Labels,
    status: NodeStatus,
    /// The revision in force on the node.
    applied_revision: u64,
    /// When the control plane learned of it; absent before the first report.
    #[schema(value_type = Option<String>, format = DateTime)]
    applied_on: Option<Timestamp>,
    /// Revisions between what is in force there and the newest.
    lag: u64,
    /// Documents whose newest form is not in force there, at most 1000 of them.
    rejected: Vec<RejectedView>,
    rejected_total: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    enrolled_on: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_on: Option<Timestamp>,
}

/// A document whose newest form a node could not put in force.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedView {
    /// Such as `zone/<id>`.
    document: String,
    /// Whether a newer version of the node would apply it.
    needs_newer_node: bool,
    reason: String,
}

impl From<Rejected> for RejectedView {
    fn from(rejected: Rejected) -> Self {
        let Rejected { document, needs_newer_node, reason } = rejected;
        Self { document, needs_newer_node, reason }
    }
}

/// The first that applies.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum NodeStatus {
    Revoked,
    Away,
    /// Connected, but something published asks for a newer version of the node.
    NeedsNewerNode,
    Connected,
}

impl NodeView {
    pub(super) fn new(node: Node, newest: Revision) -> Self {
        let status = status(&node);
        let state = node.state;
        Self {
            id: node.id.to_string(),
            name: node.name,
            version: node.version,
            labels: node.labels,
            status,
            applied_revision: state.applied.revision.0,
            applied_on: state.applied_on,
            lag: newest.0.saturating_sub(state.applied.revision.0),
            rejected: state.rejected.into_iter().map(RejectedView::from).collect(),
            rejected_total: state.rejected_total,
            last_seen: state.last_seen,
            enrolled_on: node.enrolled_on,
            revoked_on: node.revoked_on,
        }
    }
}

fn status(node: &Node) -> NodeStatus {
    if node.revoked_on.is_some() {
        NodeStatus::Revoked
    } else if !node.state.connected {
        NodeStatus::Away
    } else if node.state.rejected.iter().any(|rejected| rejected.needs_newer_node) {
        NodeStatus::NeedsNewerNode
    } else {
        NodeStatus::Connected
    }
}
