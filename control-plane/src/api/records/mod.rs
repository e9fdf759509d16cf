//! DNS records.
//!
//! `draft` turns what was sent into a record, `neighbours` says which records may stand together, `write` does both inside a
//! change; the verbs are thin.

mod batch;
mod bookmarks;
mod content;
mod create;
mod data;
mod delete;
mod draft;
mod edit;
mod export;
mod get;
mod import;
mod list;
mod neighbours;
mod origin;
mod taken;
mod update;
mod upload;
mod usage;
mod view;
mod write;
mod zone_file;

pub use bookmarks::Bookmarks;

use super::{
    App,
    error::{ApiError, Result},
};
use crate::db::records::Record;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(batch::batch))
        .routes(routes!(usage::usage))
        .routes(routes!(export::export))
        .routes(routes!(import::import))
        .routes(routes!(get::get, update::update, edit::edit, delete::delete))
}

fn existing(record: Option<Record>) -> Result<Record> {
    record.ok_or_else(|| ApiError::not_found(81044, "Record does not exist."))
}
