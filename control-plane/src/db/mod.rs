//! SQL, and nothing else in this crate writes any. One file per family of tables.
//!
//! Readers are free functions over a connection, "none" is `Ok(None)`; writers of published state take a
//! [`change::Change`].

pub mod accounts;
pub mod audit;
pub mod authorities;
pub mod bootstrap;
pub mod callers;
pub mod certificates;
pub mod change;
pub mod enrolment;
pub mod error;
pub mod fleet;
pub mod link;
pub mod node_states;
pub mod nodes;
pub mod origin_ca;
pub mod published;
pub mod record_list;
pub mod records;
pub mod renewals;
pub mod settings;
pub mod trust_store;
pub mod universal_ssl;
pub mod zone_rows;
pub mod zones;

pub use error::{Constraint, DbError};

use policy::revision::Revision;
use sqlx::{
    Connection as _, Executor as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// How long a request waits for a free connection before it is answered 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is taken for alive without asking, which would cost every request a round trip.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Opens a pool of at most `connections_max` connections, each of which gives up on locks after 5 s, on statements after 30 s
/// and on idle transactions after 10 s.
pub async fn connect(options: PgConnectOptions, connections_max: u32) -> Result<PgPool, DbError> {
    let options = options.application_name("orangery").options([
        ("lock_timeout", "5s"),
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("timezone", "UTC"),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_FOR {
                    conn.ping().await?;
                }
                Ok(true)
            })
        });
    Ok(pool.connect_with(options).await?)
}

/// Brings the database to the form this version needs. Replicas that start together wait for each other, for as long as the
/// one that is first may take: the limits of ordinary connections would end the wait, and a long migration.
pub async fn migrate(pool: &PgPool) -> Result<(), DbError> {
    let mut conn = pool.acquire().await?.detach();
    conn.execute("set lock_timeout = 0; set statement_timeout = 0").await?;
    sqlx::migrate!("../migrations").run(&mut conn).await?;
    Ok(conn.close().await?)
}

/// The newest published revision.
pub async fn revision(pool: &PgPool) -> Result<Revision, DbError> {
    let mut conn = pool.acquire().await?;
    change::current(&mut conn).await
}

/// Reads a value that this program wrote itself, such as an id; anything else means that the row was altered by hand.
pub(crate) fn parse<T: FromStr>(column: &'static str, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|_| DbError::Corrupt { column })
}
