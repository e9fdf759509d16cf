/// Why a document is not applied; its last good form stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A feature, an enumeration value or a choice that this version does not know.
    #[error("needs a newer node: {0}")]
    NeedsNewerNode(String),
    /// A rule is broken. The field is a path such as `names[3].target`.
    #[error("{field} {reason}")]
    Invalid { field: String, reason: String },
}

impl DecodeError {
    /// The same error, seen from the message that holds the field.
    pub(super) fn within(self, outer: impl std::fmt::Display) -> Self {
        match self {
            Self::NeedsNewerNode(what) => Self::NeedsNewerNode(format!("{outer}.{what}")),
            Self::Invalid { field, reason } => Self::Invalid { field: format!("{outer}.{field}"), reason },
        }
    }
}

pub(super) fn invalid(field: &str, reason: impl ToString) -> DecodeError {
    DecodeError::Invalid { field: field.to_owned(), reason: reason.to_string() }
}

/// A oneof without a value, or an enumeration with one that is not known: prost drops what it does not know, so this is
/// what a newer choice looks like.
pub(super) fn newer(field: &str) -> DecodeError {
    DecodeError::NeedsNewerNode(field.to_owned())
}

/// Reads a field with its own parser.
pub(super) fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
    field: &str,
    text: &str,
) -> Result<T, DecodeError> {
    text.parse().map_err(|error| invalid(field, error))
}
