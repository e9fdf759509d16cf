//! A zone file that is sent, as a form or as the whole body.

use crate::api::{
    App, body,
    error::{ApiError, Result},
    query::Query,
};
use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;

pub(super) const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a form has around its fields.
const FORM_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Upload {
    pub(super) file: String,
    pub(super) proxied: bool,
}

impl FromRequest<App> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let query = Query::parse(request.uri().query().unwrap_or_default())?;
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok());
        let bytes = body::read(request, FILE_BYTES_MAX + FORM_BYTES_MAX, app).await?;
        let (file, proxied) = match boundary {
            Some(boundary) => form(bytes, boundary).await?,
            None => (bytes, None),
        };
        if file.len() > FILE_BYTES_MAX {
            return Err(ApiError::BodyTooLarge(FILE_BYTES_MAX));
        }
        let file = String::from_utf8(file.into()).map_err(|_| bad_form("the zone file must be UTF-8"))?;
        let proxied = match proxied.as_deref() {
            None | Some("") => query.boolean("proxied")?.unwrap_or(false),
            Some("true") => true,
            Some("false") => false,
            Some(_) => {
                return Err(ApiError::invalid(
                    "/proxied",
                    "Invalid value for `proxied`: it is true or false",
                ));
            }
        };
        Ok(Self { file, proxied })
    }
}

/// The fields `file` and `proxied`; others are ignored.
async fn form(bytes: Bytes, boundary: String) -> Result<(Bytes, Option<String>)> {
    let mut fields = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    let (mut file, mut proxied) = (None, None);
    let malformed = |error: multer::Error| bad_form(&format!("the form cannot be read: {error}"));
    while let Some(field) = fields.next_field().await.map_err(malformed)? {
        match field.name() {
            Some("file") => file = Some(field.bytes().await.map_err(malformed)?),
            Some("proxied") => proxied = Some(field.text().await.map_err(malformed)?),
            _ => {}
        }
    }
    let file = file.ok_or_else(|| bad_form("the form has no field `file`; send the zone file in it"))?;
    Ok((file, proxied))
}

fn bad_form(what: &str) -> ApiError {
    ApiError::invalid("/file", format!("Invalid request: {what}"))
}
