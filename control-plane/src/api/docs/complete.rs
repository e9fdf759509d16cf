//! What is the same for every operation, so that no handler has to say it.

use super::{examples, parameters};
use serde_json::json;
use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, ResponseBuilder,
    path::{Operation, ParameterIn, PathItem},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

const BASE: &str = "/client/v4";

/// Adds who may call, ids in paths, what parameters mean, examples, and how refusals look.
pub(in crate::api) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token."));
    components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
    for (name, header, about) in [
        ("auth_email", "X-Auth-Email", "Whose key it is; comes together with the key."),
        ("auth_key", "X-Auth-Key", "The global API key of a person."),
    ] {
        let key = ApiKey::Header(ApiKeyValue::with_description(header, about));
        components.add_security_scheme(name, SecurityScheme::ApiKey(key));
    }
    for (path, item) in &mut document.paths.paths {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            summarize(operation);
            secure(operation);
            describe_parameters(method, path, operation);
            if let Some(body) = &mut operation.request_body {
                exemplify(method, path, body);
            }
            refuse(operation);
        }
    }
    document
}

/// The first sentence becomes the summary; what follows it in the same paragraph goes to the description.
fn summarize(operation: &mut Operation) {
    let Some(paragraph) = operation.summary.take().map(|text| text.replace('\n', " ")) else { return };
    let (first, more) = match paragraph.split_once(". ") {
        Some((first, more)) => (first.to_owned(), Some(more.to_owned())),
        None => (paragraph.strip_suffix('.').unwrap_or(&paragraph).to_owned(), None),
    };
    operation.summary = Some(first);
    let paragraphs: Vec<String> = more.into_iter().chain(operation.description.take()).collect();
    operation.description = (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"));
}

fn secure(operation: &mut Operation) {
    let nobody: [&str; 0] = [];
    operation.security.get_or_insert_with(|| {
        let pair = SecurityRequirement::new("auth_email", nobody).add("auth_key", nobody);
        vec![SecurityRequirement::new("token", nobody), pair]
    });
}

fn describe_parameters(method: &str, path: &str, operation: &mut Operation) {
    let does_something =
        operation.extensions.as_ref().is_none_or(|extensions| !extensions.contains_key("x-orangery-effect"));
    let own = operation.parameters.take().unwrap_or_default().into_iter().map(|parameter| match parameter {
        RefOr::T(mut parameter) => {
            if parameter.description.is_none() && parameter.parameter_in == ParameterIn::Query {
                parameter.description = parameters::meaning(&parameter.name);
            }
            RefOr::T(parameter)
        }
        referred @ RefOr::Ref(_) => referred,
    });
    let ids = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<_> = ids.map(|id| parameters::in_path(id).into()).chain(own).collect();
    if method != "get" && path.starts_with("/zones") && does_something {
        let [if_match, wait, timeout] = parameters::of_writes();
        // A zone that is about to be made has no revision yet.
        all.extend((path != "/zones").then(|| if_match.into()));
        all.extend([wait.into(), timeout.into()]);
    }
    operation.parameters = Some(all);
}

fn exemplify(method: &str, path: &str, body: &mut RefOr<utoipa::openapi::request_body::RequestBody>) {
    let RefOr::T(body) = body else { return };
    for kind in ["application/json", "multipart/form-data"] {
        if let Some(RefOr::T(content)) = body.content.get_mut(kind) {
            content.example = content.example.take().or_else(|| examples::body(method, path));
        }
    }
}

fn refuse(operation: &mut Operation) {
    let mut content = Content::new(Some(Ref::from_schema_name("Failure")));
    let error = json!({"code": 10000, "message": "Authentication error"});
    content.example = Some(json!({"success": false, "errors": [error], "messages": [], "result": null}));
    let refusal = ResponseBuilder::new()
        .description("Refused: the first error says why, and by its code programs know it.")
        .content("application/json", content);
    operation.responses.responses.entry("default".into()).or_insert(refusal.build().into());
}

/// Such as `get_zones_zone_id_settings`: handlers of different resources have the same name, operations may not.
fn operation_id(method: &str, path: &str) -> String {
    let segments = path.trim_start_matches('/').split('/').map(|segment| segment.trim_matches(['{', '}']));
    segments.fold(method.to_owned(), |id, segment| id + "_" + &segment.replace('.', "_"))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
