//! What can go wrong in the database, as far as callers can tell it apart.

use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Locks, time limits, deadlocks, full pools: the same again a little later may succeed.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// A rule of the schema forbids the row.
    #[error("the database refuses the row by {0:?}")]
    Refused(Constraint),
    #[error("column {column} holds what this program does not write")]
    Corrupt { column: &'static str },
    #[error("the database failed")]
    Failed(#[source] sqlx::Error),
    #[error("the database cannot be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// The named constraints that a caller can run into, everything else being caught before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    ZoneNameTaken,
    GrpcNeedsEncryptedOrigin,
    IdenticalRecord,
    SecondCname,
    EmailTaken,
    NodeNameTaken,
    /// A constraint with no variant of its own.
    Other,
}

impl Constraint {
    fn named(name: &str) -> Self {
        match name {
            "zones_name_unique" => Self::ZoneNameTaken,
            "zones_grpc_needs_encrypted_origin" => Self::GrpcNeedsEncryptedOrigin,
            "records_identical" => Self::IdenticalRecord,
            "records_one_cname" => Self::SecondCname,
            "users_email_unique" => Self::EmailTaken,
            "nodes_name_unique" => Self::NodeNameTaken,
            _ => Self::Other,
        }
    }
}

impl DbError {
    /// When the same request may be tried again.
    pub const RETRY_AFTER: Duration = Duration::from_secs(1);
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => Self::Busy(error),
                _ => Self::Failed(error),
            };
        };
        match database.code().as_deref() {
            Some("23505" | "23514" | "23503" | "23502" | "23P01") => {
                let constraint = Constraint::named(database.constraint().unwrap_or_default());
                if constraint == Constraint::Other { Self::Failed(error) } else { Self::Refused(constraint) }
            }
            // Lock, statement and idle limits; serialization and deadlock; connections full; shutting down or starting up.
            Some("55P03" | "57014" | "25P03" | "40001" | "40P01" | "53300" | "57P01" | "57P02" | "57P03") => {
                Self::Busy(error)
            }
            _ => Self::Failed(error),
        }
    }
}
