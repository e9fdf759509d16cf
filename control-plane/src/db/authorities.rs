//! Our own authorities, one of each kind for the whole installation.

use super::DbError;
use crate::{
    certificates::authority::{Authority, IssueError, Kind},
    secrets::{MasterKey, OpenError},
};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::PgConnection;

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

/// The authority of a kind, made now if the installation has none yet. Replicas that start together agree on one.
pub async fn load_or_create(
    conn: &mut PgConnection,
    master: &MasterKey,
    kind: Kind,
    now: Timestamp,
) -> Result<Authority, AuthorityError> {
    if let Some(authority) = load(conn, master, kind).await? {
        return Ok(authority);
    }
    let created = Authority::create(kind, now)?;
    let key = master.seal(&context(kind), created.private_key()).map_err(IssueError::from)?;
    sqlx::query!(
        "insert into authorities (kind, certificate, key_ciphertext, created_on) values ($1, $2, $3, $4) on conflict do nothing",
        kind.as_str(),
        created.certificate(),
        key,
        now.to_sqlx()
    )
    .execute(&mut *conn)
    .await
    .map_err(DbError::from)?;
    load(conn, master, kind)
        .await?
        .ok_or(AuthorityError::Database(DbError::Corrupt { column: "authorities.kind" }))
}

/// The certificate of an authority in DER, if it has been made; needs no master key.
pub async fn certificate(conn: &mut PgConnection, kind: Kind) -> Result<Option<Vec<u8>>, DbError> {
    Ok(sqlx::query_scalar!("select certificate from authorities where kind = $1", kind.as_str())
        .fetch_optional(conn)
        .await?)
}

async fn load(
    conn: &mut PgConnection,
    master: &MasterKey,
    kind: Kind,
) -> Result<Option<Authority>, AuthorityError> {
    let row =
        sqlx::query!("select certificate, key_ciphertext from authorities where kind = $1", kind.as_str())
            .fetch_optional(conn)
            .await
            .map_err(DbError::from)?;
    let Some(row) = row else { return Ok(None) };
    let key = master.open(&context(kind), &row.key_ciphertext)?;
    Ok(Some(Authority::from_parts(row.certificate, &key)?))
}

fn context(kind: Kind) -> String {
    format!("authorities/key/{}", kind.as_str())
}
