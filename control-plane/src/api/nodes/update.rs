use super::{unknown, view::NodeView};
use crate::{
    api::{
        App,
        body::{Body, Field},
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
    },
    db::{
        Constraint, DbError,
        audit::Entry,
        change::{self, Change},
        nodes::{self, Labels},
    },
};
use axum::extract::State;
use policy::id::NodeId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

const NAME_BYTES_MAX: usize = 63;
const LABELS_MAX: usize = 32;
const LABEL_VALUE_BYTES_MAX: usize = 255;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NodeChanges {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// Replaces all labels; null clears them.
    #[serde(default)]
    #[schema(value_type = Option<Labels>)]
    labels: Field<Labels>,
}

/// Renames a node or sets its labels.
#[utoipa::path(patch, path = "/orangery/nodes/{node_id}", tag = "nodes", request_body = NodeChanges,
    responses((status = 200, body = Envelope<NodeView>)))]
pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<NodeId>,
    Body(body): Body<NodeChanges>,
) -> Result<Reply<NodeView>> {
    caller.may_operate(Permission::NodesWrite)?;
    let (name, labels) = checked(body)?;
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    let before = nodes::find(change.conn(), id, caller.actor.at).await?.ok_or_else(unknown)?;
    nodes::update(change.conn(), id, name.as_deref(), labels.as_ref()).await.map_err(taken)?;
    let after = nodes::find(change.conn(), id, caller.actor.at).await?.ok_or_else(unknown)?;
    let newest = change::current(change.conn()).await?;
    let entry = Entry::elsewhere("node.update", "node", id, None);
    let entry = entry.before(json!({ "name": before.name, "labels": before.labels }));
    change.audit(entry.after(json!({ "name": after.name, "labels": after.labels })));
    change.commit().await?;
    Ok(Reply::new(NodeView::new(after, newest)))
}

fn checked(body: NodeChanges) -> Result<(Option<String>, Option<Labels>)> {
    let name = match body.name {
        Field::Absent => None,
        Field::Given(name) if is_name(&name) => Some(name),
        Field::Null | Field::Given(_) => return Err(invalid("name")),
    };
    let labels = match body.labels {
        Field::Absent => None,
        Field::Null => Some(Labels::new()),
        Field::Given(labels) if labels.len() <= LABELS_MAX && labels.iter().all(is_label) => Some(labels),
        Field::Given(_) => return Err(invalid("labels")),
    };
    Ok((name, labels))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn is_label((key, value): (&String, &String)) -> bool {
    is_name(key) && value.len() <= LABEL_VALUE_BYTES_MAX && !value.chars().any(char::is_control)
}

fn invalid(field: &str) -> ApiError {
    let message = match field {
        "name" => {
            format!("Invalid value for `name`: 1 to {NAME_BYTES_MAX} letters, digits, '-', '_' and '.'")
        }
        _ => format!(
            "Invalid value for `labels`: at most {LABELS_MAX}, with keys like names and values of at most \
             {LABEL_VALUE_BYTES_MAX} bytes"
        ),
    };
    ApiError::invalid(format!("/{field}"), message)
}

fn taken(error: DbError) -> ApiError {
    match error {
        DbError::Refused(Constraint::NodeNameTaken) => {
            ApiError::refused(1061, "Another node has this name already.")
        }
        error => error.into(),
    }
}
