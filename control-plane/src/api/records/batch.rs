use super::{
    draft::{How, RecordBody},
    existing,
    view::{Record, view},
    write::Writing,
};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
        scope::{self, IfMatch},
    },
    db,
};
use axum::extract::State;
use policy::id::{RecordId, ZoneId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const OPERATIONS_MAX: usize = 3500;
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Operations on the records of a zone, done in the order of these fields.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RecordBatch {
    deletes: Option<Vec<BatchDelete>>,
    patches: Option<Vec<BatchAlteration>>,
    puts: Option<Vec<BatchAlteration>>,
    posts: Option<Vec<RecordBody>>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct BatchDelete {
    id: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct BatchAlteration {
    id: String,
    #[serde(flatten)]
    body: RecordBody,
}

/// The records that were written and, under `deletes`, those that are gone.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct RecordBatchResult {
    deletes: Vec<Record>,
    patches: Vec<Record>,
    puts: Vec<Record>,
    posts: Vec<Record>,
}

/// Does all operations or none.
#[utoipa::path(post, path = "/zones/{zone_id}/dns_records/batch", tag = "dns records", request_body = RecordBatch,
    responses((status = 200, body = Envelope<RecordBatchResult>)))]
pub(super) async fn batch(
    State(app): State<App>,
    caller: Caller,
    Id(zone): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<RecordBatch, BODY_BYTES_MAX>,
) -> Result<Reply<RecordBatchResult>> {
    if body.operations() > OPERATIONS_MAX {
        return Err(ApiError::invalid(
            "",
            format!("Invalid request: a batch has at most {OPERATIONS_MAX} operations"),
        ));
    }
    let mut writing =
        Writing::new(scope::change(&app, &caller, Permission::DnsWrite, zone, &if_match).await?);
    let done = run(&mut writing, body).await?;
    let committed = writing.commit().await?;
    Ok(Reply::new(done).etag(committed.zone).committed(committed.newest))
}

impl RecordBatch {
    fn operations(&self) -> usize {
        let alterations = [&self.patches, &self.puts].into_iter().flatten().map(Vec::len).sum::<usize>();
        alterations + self.deletes.as_ref().map_or(0, Vec::len) + self.posts.as_ref().map_or(0, Vec::len)
    }
}

async fn run(writing: &mut Writing, batch: RecordBatch) -> Result<RecordBatchResult> {
    let mode = writing.zone().edge.ssl();
    let shown = |records: Vec<db::records::Record>| -> Vec<Record> {
        records.into_iter().map(|record| view(record, mode)).collect()
    };
    let deletes = batch.deletes.unwrap_or_default();
    let deletes = deletes.iter().map(|delete| record_id(&delete.id)).collect::<Result<Vec<_>>>()?;
    let deletes = shown(writing.delete(&deletes).await?);
    let patches = shown(alter(writing, batch.patches, How::Merge).await?);
    let puts = shown(alter(writing, batch.puts, How::Overwrite).await?);
    let posts = shown(writing.create(batch.posts.unwrap_or_default()).await?);
    Ok(RecordBatchResult { deletes, patches, puts, posts })
}

async fn alter(
    writing: &mut Writing,
    sent: Option<Vec<BatchAlteration>>,
    how: How,
) -> Result<Vec<db::records::Record>> {
    let (mut alterations, mut mistake) = (Vec::new(), Ok(()));
    for BatchAlteration { id, body } in sent.unwrap_or_default() {
        match record_id(&id) {
            Ok(id) => alterations.push((id, body)),
            Err(error) => {
                mistake = Err(error);
                break;
            }
        }
    }
    let altered = writing.alter(alterations, how).await?;
    mistake?;
    Ok(altered)
}

/// What cannot be an id is the id of no record.
fn record_id(text: &str) -> Result<RecordId> {
    text.parse().or_else(|_| existing(None).map(|record| record.id))
}
