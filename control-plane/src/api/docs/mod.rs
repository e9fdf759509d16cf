//! The API's description of itself: OpenAPI 3.1, and pages to read it.

use super::{
    App,
    envelope::{ErrorObject, Failure, Message, Source},
    error::ApiError,
};
use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing,
};
use std::sync::Arc;
use utoipa::{
    OpenApi as _,
    openapi::{
        Content, OpenApi, Ref, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

const DOCUMENT: &str = "/client/v4/orangery/openapi.json";
const PAGES: &str = "/client/v4/orangery/docs";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Orangery",
        description = "Wire-compatible with the Cloudflare v4 API; not affiliated with Cloudflare."
    ),
    components(schemas(Failure, ErrorObject, Source, Message))
)]
struct Description;

pub(super) fn description() -> OpenApi {
    Description::openapi()
}

pub(super) fn router(document: OpenApi) -> Router<App> {
    let document = Arc::new(document);
    let json = routing::get(move || {
        let document = Arc::clone(&document);
        async move { axum::Json(&*document).into_response() }
    });
    let pages: Router<App> = SwaggerUi::new(PAGES).config(Config::from(DOCUMENT)).into();
    Router::new().route(DOCUMENT, json).merge(pages.route_layer(middleware::from_fn(missing_page)))
}

/// A page that is missing is refused as everything else that is missing.
async fn missing_page(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        ApiError::NoRoute(path).into_response()
    } else {
        response
    }
}

/// Adds what is the same everywhere: who may call, ids in paths, and how refusals look.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("api_token", SecurityScheme::Http(bearer));
    for (name, header) in [("api_email", "X-Auth-Email"), ("api_key", "X-Auth-Key")] {
        components
            .add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header))));
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            complete_operation(path, operation);
        }
    }
    document
}

fn complete_operation(path: &str, operation: &mut Operation) {
    let nobody: [&str; 0] = [];
    operation.security.get_or_insert_with(|| {
        let pair = SecurityRequirement::new("api_email", nobody).add("api_key", nobody);
        vec![SecurityRequirement::new("api_token", nobody), pair]
    });
    let parameters = operation.parameters.get_or_insert_default();
    for id in path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let parameter =
            ParameterBuilder::new().name(id).parameter_in(ParameterIn::Path).required(Required::True);
        parameters.push(parameter.schema(Some(text)).build().into());
    }
    let content = Content::new(Some(Ref::from_schema_name("Failure")));
    let refusal =
        ResponseBuilder::new().description("what is wrong").content("application/json", content).build();
    operation.responses.responses.entry("default".into()).or_insert(refusal.into());
}

/// Such as `get_zones_zone_id_settings`: handlers of different resources have the same name, operations may not.
fn operation_id(method: &str, path: &str) -> String {
    let segments =
        path.trim_start_matches("/client/v4/").split('/').map(|segment| segment.trim_matches(['{', '}']));
    segments.fold(method.to_owned(), |id, segment| id + "_" + &segment.replace('.', "_"))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
