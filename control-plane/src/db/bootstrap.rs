//! The first start on an empty database: one cluster, one account, one administrator, and at most one token.

use super::{
    DbError, accounts,
    audit::Entry,
    callers::{self, NewToken, NewUser, Owner},
    change::{Actor, Change},
    enrolment::{self, NewToken as NewEnrolment},
    parse,
};
use crate::random;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::id::ClusterId;
use sqlx::{PgConnection, PgPool};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// What the first account and its administrator are called.
#[derive(Debug, Clone)]
pub struct First {
    pub account: String,
    pub email: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Enrolment(#[from] enrolment::CreateTokenError),
    #[error("cannot write the first token to {}", .path.display())]
    TokenFile { path: PathBuf, source: io::Error },
}

/// Fills an empty database; does nothing on any other. Replicas that start together agree: one inserts, the others wait
/// and read.
///
/// The first token goes to `token_file` alone, readable by its owner alone. It is written before the commit, so a crash leaves
/// either both or an empty database, which the next start fills anew.
pub async fn ensure(
    pool: &PgPool,
    now: Timestamp,
    first: &First,
    token_file: Option<&Path>,
) -> Result<ClusterId, BootstrapError> {
    let mut change = Change::begin(pool, &Actor::system("bootstrap", now)).await?;
    if insert_cluster(&mut change, now).await? {
        let account = accounts::create(&mut change, &first.account).await?;
        let user = NewUser { email: first.email.clone(), account, operator: true };
        let user = callers::create_user(&mut change, &user).await?;
        if let Some(path) = token_file {
            let token = NewToken { owner: Owner::User(user), name: "first token".into(), expires_on: None };
            let text = callers::insert_token(&mut change, &token).await?;
            write_secret(path, &text)
                .map_err(|source| BootstrapError::TokenFile { path: path.to_owned(), source })?;
        }
    }
    let id = cluster(change.conn()).await?;
    change.commit().await?;
    Ok(id)
}

/// Writes an enrolment token for the first nodes to `token_file`, if no token was ever made here. The keys of the link exist.
///
/// As with the first API token, the file is written before the commit.
pub async fn ensure_enrolment(
    pool: &PgPool,
    now: Timestamp,
    new: &NewEnrolment,
    token_file: &Path,
) -> Result<(), BootstrapError> {
    let mut change = Change::begin(pool, &Actor::system("bootstrap", now)).await?;
    // The row is held until commit, so that replicas which start together make one token.
    sqlx::query!("select id from cluster for update")
        .fetch_one(change.conn())
        .await
        .map_err(DbError::from)?;
    // The audit remembers tokens that were deleted since, which must not come back.
    let made = sqlx::query_scalar!(
        r#"select exists (select 1 from audit where action = 'enrolment_token.create') as "made!""#
    )
    .fetch_one(change.conn())
    .await
    .map_err(DbError::from)?;
    if !made {
        let (token, text) = enrolment::create_token(change.conn(), new, now).await?;
        change.audit(Entry::elsewhere("enrolment_token.create", "enrolment_token", token.id, None));
        write_secret(token_file, &text)
            .map_err(|source| BootstrapError::TokenFile { path: token_file.to_owned(), source })?;
    }
    change.commit().await?;
    Ok(())
}

/// Whether this transaction made the row.
async fn insert_cluster(change: &mut Change, now: Timestamp) -> Result<bool, DbError> {
    let id = ClusterId::from_bytes(random::bytes()).to_string();
    let inserted = sqlx::query!(
        "insert into cluster (id, created_on) values ($1, $2) on conflict do nothing",
        id,
        now.to_sqlx()
    )
    .execute(change.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// This installation.
pub async fn cluster(conn: &mut PgConnection) -> Result<ClusterId, DbError> {
    parse("cluster.id", &sqlx::query_scalar!("select id from cluster").fetch_one(conn).await?)
}

/// Writes to a file beside it first and renames, so that nobody reads half a secret.
fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    fs::remove_file(&beside)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
