//! The API's description of itself: OpenAPI 3.1, and a page to read it and to try it.

mod complete;
mod examples;
mod page;
mod parameters;
mod tags;

pub(super) use complete::complete;

use super::{
    App,
    envelope::{ErrorObject, Failure, Message, Source},
};
use axum::{Router, response::IntoResponse as _, routing};
use std::sync::Arc;
use utoipa::{
    OpenApi as _,
    openapi::{OpenApi, ServerBuilder},
};

const DOCUMENT: &str = "/client/v4/orangery/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(info(title = "Orangery", description = INTRODUCTION), components(schemas(Failure, ErrorObject, Source, Message)))]
struct Description;

const INTRODUCTION: &str = "\
Wire-compatible with the Cloudflare v4 API; not affiliated with Cloudflare. Official SDKs, Terraform and others work by changing only
their base URL.

**Who calls.** Send `Authorization: Bearer <token>`, or `X-Auth-Email` and `X-Auth-Key`. *Authorize* keeps what you enter in this page
until you leave it. *Try it out* calls this very server.

**Answers** have one shape: `success`, `errors`, `messages`, `result`, and for lists `result_info`. Clients recognize refusals by HTTP
status and by the `code` of the first error. A page past the end of a list is empty.

**Writes** in a zone answer with the `orangery-revision` that publishes them and, as `ETag`, the zone's revision; `If-Match` lets a write
happen only if nobody was faster. `?wait=applied` holds the answer back until every connected node enforces the change, and
`orangery-applied: 3/4` says how many of how many do.

**What does nothing here** says so: `x-orangery-effect` is `none` where a request is accepted without effect, and `refused` where it is
always refused, with what to do instead.";

pub(super) fn description() -> OpenApi {
    let mut document = Description::openapi();
    document.tags = Some(tags::all());
    document.servers = Some(vec![ServerBuilder::new().url("/").description(Some("this server")).build()]);
    document
}

pub(super) fn router(document: OpenApi) -> Router<App> {
    let document = Arc::new(document);
    let json = routing::get(move || {
        let document = Arc::clone(&document);
        async move { axum::Json(&*document).into_response() }
    });
    Router::new().route(DOCUMENT, json).merge(page::router())
}
