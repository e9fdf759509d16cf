//! Our authorities' certificates, for those who have to trust them. No token is needed.

use super::{
    App,
    envelope::{Envelope, Reply},
    error::{ApiError, Result},
};
use crate::{
    certificates::{CertificateError, authority::Kind, pem},
    db::authorities,
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(edge)).routes(routes!(origin))
}

/// One of our authorities.
#[derive(Debug, Serialize, ToSchema)]
struct CertificationAuthority {
    /// `edge` signs what nodes show to visitors, `origin` what origins show to nodes.
    kind: &'static str,
    /// PEM.
    certificate: String,
    /// SHA-256 of the certificate's DER, in hexadecimal.
    fingerprint: String,
}

/// The authorities that visitors and nodes have to trust. Needs no token.
#[utoipa::path(get, path = "/orangery/ca", tag = "certificates", security(()),
    responses((status = 200, body = Envelope<Vec<CertificationAuthority>>)))]
async fn list(State(app): State<App>) -> Result<Reply<Vec<CertificationAuthority>>> {
    let mut shown = Vec::new();
    for kind in [Kind::Edge, Kind::Origin] {
        let der = certificate(&app, kind).await?;
        let fingerprint = hex::encode(Sha256::digest(&der));
        shown.push(CertificationAuthority {
            kind: kind.as_str(),
            certificate: pem::encode_certificate(&der),
            fingerprint,
        });
    }
    Ok(Reply::new(shown))
}

/// The authority of edge certificates, for visitors to trust. Needs no token.
#[utoipa::path(get, path = "/orangery/ca/edge.pem", tag = "certificates", security(()),
    responses((status = 200, body = String, content_type = "application/x-pem-file")))]
async fn edge(State(app): State<App>) -> Result<Response> {
    download(&app, Kind::Edge).await
}

/// The Origin CA, for those who call an origin without a node between. Needs no token.
#[utoipa::path(get, path = "/orangery/ca/origin.pem", tag = "certificates", security(()),
    responses((status = 200, body = String, content_type = "application/x-pem-file")))]
async fn origin(State(app): State<App>) -> Result<Response> {
    download(&app, Kind::Origin).await
}

async fn download(app: &App, kind: Kind) -> Result<Response> {
    let text = pem::encode_certificate(&certificate(app, kind).await?);
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], text).into_response())
}

async fn certificate(app: &App, kind: Kind) -> Result<Vec<u8>> {
    let mut conn = app.conn().await?;
    let authority = authorities::load_or_create(&mut conn, &app.master_key, kind, app.clock.now()).await;
    Ok(authority.map_err(|error| ApiError::from(CertificateError::from(error)))?.certificate().to_vec())
}
