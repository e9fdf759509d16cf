use super::{
    taken::Conflict,
    upload::Upload,
    write::{Draft, Writing},
    zone_file::{self, ZoneFile, at_line},
};
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Committed, Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
        query::Query,
        scope::{self, IfMatch},
    },
    db::zones::Zone,
};
use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use policy::{hostname::Hostname, id::ZoneId};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, convert::Infallible};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

const ROWS_AT_ONCE: usize = 1000;
/// Lines that wait for a slow reader. More progress than that is not told; the last place is kept for the answer.
const LINES_MAX: usize = 16;
/// Each import may hold a file, its records, a connection and the lock of a zone.
const IMPORTS_AT_ONCE: usize = 4;
static IMPORTS: Semaphore = Semaphore::const_new(IMPORTS_AT_ONCE);

/// What became of a zone file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedRecords {
    /// Fewer than were parsed if the zone had some already.
    recs_added: usize,
    /// Without SOA and the NS records of the zone itself, which belong to who serves the zone.
    total_records_parsed: usize,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes a form that `Upload` reads")]
pub(super) struct ZoneFileForm {
    /// A zone file (RFC 1035, 5.1) of at most 16 MiB. `$INCLUDE`, `$GENERATE` and the form of RFC 3597 are refused.
    file: String,
    /// Whether addresses and CNAMEs are proxied unless their comment says so (`; cf_tags=cf-proxied:true`). Not if it is absent.
    proxied: Option<String>,
}

/// Adds the records of a zone file, all or none; those that the zone has already are passed over.
///
/// TTLs below 30 and above 86400 seconds become those, but 1 stays automatic.
///
/// The file may also be the whole body, as `text/plain`. A refusal names the line. With `?progress=true` the answer is
/// `application/x-ndjson`: lines such as `{"parsed":10000}` and `{"written":1000,"of":10000}` while the work goes on and, as the last
/// line, the usual answer, with the number of the revision as `orangery_revision`. Nothing is written unless that line says
/// `"success":true`, since the HTTP status is then 200 in any case. Who does not keep up with the lines misses some, and who hangs up
/// before the last one gives the import up. `?progress=true` and `?wait=applied` are refused together.
///
/// At most four imports run at a time; another one is refused with 503 and `Retry-After`.
#[utoipa::path(post, path = "/zones/{zone_id}/dns_records/import", tag = "dns records",
    params(("progress" = Option<bool>, Query, description = "whether to tell how far the import is"),
        ("proxied" = Option<bool>, Query, description = "for a file that is the whole body: as the field of the form")),
    request_body(content = ZoneFileForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Envelope<ImportedRecords>)))]
pub(super) async fn import(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    query: Query,
    upload: Upload,
) -> Result<Response> {
    let mut conn = app.conn().await?;
    let zone = scope::zone(&mut conn, &caller, Permission::DnsWrite, id).await?;
    drop(conn);
    let is_told = query.boolean("progress")?.unwrap_or(false);
    if is_told && query.text("wait").is_some() {
        let message = "Invalid query: `wait` cannot go with `progress`, whose answer begins before anything is \
                       written; leave one of them out";
        return Err(ApiError::invalid("wait", message));
    }
    let turn = IMPORTS.try_acquire().map_err(|_| ApiError::TooManyImports(IMPORTS_AT_ONCE))?;
    let import = Import { app, caller, zone, if_match, upload, _turn: turn };
    if !is_told {
        return Ok(import.run(&Progress(None)).await?.into_response());
    }
    let (teller, lines) = mpsc::channel(LINES_MAX);
    tokio::spawn(import.tell(teller));
    let body = Body::from_stream(ReceiverStream::new(lines).map(Ok::<_, Infallible>));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// Where progress is told, if anybody listens.
struct Progress(Option<mpsc::Sender<Bytes>>);

impl Progress {
    /// Never waits for the reader, who would hold the lock of the zone otherwise.
    fn tell(&self, line: &Value) {
        if let Some(teller) = self.0.as_ref().filter(|teller| teller.capacity() > 1) {
            teller.try_send(format!("{line}\n").into()).ok();
        }
    }
}

struct Import {
    app: App,
    caller: Caller,
    zone: Zone,
    if_match: IfMatch,
    upload: Upload,
    _turn: SemaphorePermit<'static>,
}

impl Import {
    /// What is dropped before its commit never happened, be it that it takes too long or that nobody listens any more.
    async fn tell(self, teller: mpsc::Sender<Bytes>) {
        let limit = self.app.timeouts.request;
        let progress = Progress(Some(teller.clone()));
        let answer = tokio::select! {
            () = teller.closed() => return,
            answer = tokio::time::timeout(limit, self.run(&progress)) => answer,
        };
        let answer = answer.unwrap_or(Err(ApiError::TookTooLong(limit)));
        if let Some(line) = last_line(answer.into_response()).await {
            teller.try_send(line).ok();
        }
    }

    async fn run(self, progress: &Progress) -> Result<Reply<ImportedRecords>> {
        let Self { app, caller, zone, if_match, upload, _turn } = self;
        let (name, id) = (zone.name.clone(), zone.id);
        let file = move || zone_file::read(&upload.file, &name, upload.proxied);
        let file = tokio::task::spawn_blocking(file).await.map_err(ApiError::internal)??;
        let total_records_parsed = file.records.len();
        progress.tell(&json!({"parsed": total_records_parsed}));
        let mut writing =
            Writing::new(scope::change(&app, &caller, Permission::DnsWrite, id, &if_match).await?);
        let lines = file.lines();
        let drafts = fresh(&mut writing, file).await?;
        let recs_added = drafts.len();
        insert(&mut writing, drafts, progress).await?;
        let line = |name: Option<Hostname>| name.and_then(|name| lines.get(name.as_str()).copied());
        writing.judge().await.map_err(|(name, error)| match line(name) {
            Some(line) => at_line(line, error),
            None => error,
        })?;
        let committed = writing.finish().await?;
        let done = ImportedRecords { recs_added, total_records_parsed };
        Ok(Reply::new(done).etag(committed.zone).committed(committed.newest))
    }
}

/// An answer as a line, with what its headers would say.
async fn last_line(answer: Response) -> Option<Bytes> {
    let committed = answer.extensions().get::<Committed>().copied();
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    let mut envelope: Map<String, Value> = serde_json::from_slice(&body).ok()?;
    if let Some(Committed(revision)) = committed {
        envelope.insert("orangery_revision".into(), revision.0.into());
    }
    Some(format!("{}\n", Value::Object(envelope)).into())
}

/// Drafts of the records that the zone has not.
async fn fresh(writing: &mut Writing, file: ZoneFile) -> Result<Vec<Draft>> {
    let (mut lines, mut drafts) = (Vec::new(), Vec::new());
    for (line, body) in file.records {
        drafts.push(writing.draft(body).map_err(|error| at_line(line, error))?);
        lines.push(line);
    }
    let mut taken = writing.taken(&drafts).await?;
    let mut fresh = Vec::with_capacity(drafts.len());
    for (line, draft) in lines.into_iter().zip(drafts) {
        match taken.claim(&draft) {
            Ok(()) => fresh.push(draft),
            Err(Conflict::Identical) => {}
            Err(conflict @ Conflict::SecondCname) => return Err(at_line(line, conflict.into())),
        }
    }
    writing.inherit(&mut fresh).await?;
    Ok(fresh)
}

async fn insert(writing: &mut Writing, drafts: Vec<Draft>, progress: &Progress) -> Result<()> {
    let (mut written, of) = (0, drafts.len());
    let mut drafts = drafts.into_iter().peekable();
    while drafts.peek().is_some() {
        let rows: Vec<Draft> = drafts.by_ref().take(ROWS_AT_ONCE).collect();
        written += rows.len();
        writing.replace("dns_record.create", rows).await?;
        progress.tell(&json!({"written": written, "of": of}));
    }
    Ok(())
}

impl ZoneFile {
    /// The first line of each name.
    fn lines(&self) -> HashMap<String, usize> {
        let mut lines = HashMap::new();
        for (line, body) in &self.records {
            lines.entry(body.absolute_name()).or_insert(*line);
        }
        lines
    }
}
