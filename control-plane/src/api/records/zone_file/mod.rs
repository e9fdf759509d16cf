//! Zone files (RFC 1035, 5.1) as other DNS servers write and read them.
//!
//! `entries` cuts a file into entries, `read` makes records of them, `print` does the reverse, and `notes` keeps in comments what a
//! zone file has no place for.

mod entries;
mod notes;
mod print;
mod read;

pub(super) use print::print;
pub(super) use read::{ZoneFile, read};

use crate::api::error::ApiError;

/// The refusal of a line, with its number before it.
pub(super) fn at_line(line: usize, error: ApiError) -> ApiError {
    match error {
        ApiError::Refused { code, message } => {
            ApiError::Refused { code, message: format!("line {line}: {message}") }
        }
        ApiError::Invalid { pointer, message } => {
            ApiError::Invalid { pointer, message: format!("line {line}: {message}") }
        }
        other => other,
    }
}

/// Longer pieces of a file are cut where a message quotes them.
const QUOTED_CHARACTERS_MAX: usize = 64;

/// A piece of a file as a message quotes it.
fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn bad_line(line: usize, what: impl std::fmt::Display) -> ApiError {
    at_line(line, ApiError::invalid("/file", format!("DNS Validation Error: {what}.")))
}
