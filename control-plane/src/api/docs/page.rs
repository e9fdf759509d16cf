//! The page: Swagger UI, vendored into the binary. It needs nothing from elsewhere and is not allowed to fetch it.

use crate::api::{App, error::ApiError};
use axum::{
    Router,
    extract::Path,
    http::{HeaderName, header},
    response::{IntoResponse as _, Redirect, Response},
    routing,
};
use std::sync::Arc;
use utoipa_swagger_ui::{Config, serve};

const PAGE: &str = "/client/v4/orangery/docs";
const HTML: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/page.js");
const STYLE: &str = include_str!("page/page.css");

/// Only what comes from this server, which is also whom *Try it out* calls. The vendored style draws its icons as `data:`.
const HEADERS: [(HeaderName, &str); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(PAGE, routing::get(async || Redirect::permanent(&format!("{PAGE}/"))))
        .route(&format!("{PAGE}/"), routing::get(async || file("")))
        .route(&format!("{PAGE}/{{*file}}"), routing::get(async |Path(name): Path<String>| file(&name)))
}

fn file(name: &str) -> Response {
    let own = match name {
        "" => Some(("text/html; charset=utf-8", HTML)),
        "page.js" => Some(("text/javascript; charset=utf-8", SCRIPT)),
        "page.css" => Some(("text/css; charset=utf-8", STYLE)),
        _ => None,
    };
    if let Some((content_type, text)) = own {
        return (HEADERS, [(header::CONTENT_TYPE, content_type)], text).into_response();
    }
    match vendored(name) {
        Some((content_type, bytes)) => {
            (HEADERS, [(header::CONTENT_TYPE, content_type)], bytes).into_response()
        }
        None => ApiError::NoRoute(format!("{PAGE}/{name}")).into_response(),
    }
}

/// The files of Swagger UI that the page needs; its own page and configuration are not used.
fn vendored(name: &str) -> Option<(String, Vec<u8>)> {
    if !["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"].contains(&name) {
        return None;
    }
    let file = serve(name, Arc::new(Config::from(super::DOCUMENT))).ok().flatten()?;
    Some((file.content_type, file.bytes.into_owned()))
}
