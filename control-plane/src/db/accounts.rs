//! Accounts, the owners of zones, and who belongs to them.

use super::{DbError, audit::Entry, change::Change, parse};
use crate::random;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::id::{AccountId, UserId};
use sqlx::PgConnection;

#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
    pub name: String,
    pub kind: String,
    pub enforce_twofactor: bool,
    pub created_on: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Membership {
    pub id: String,
    pub account: Account,
    pub role: String,
    pub status: String,
}

/// Some accounts by their ids, in the order of their names, narrowed to one name if it is given.
pub async fn list(
    conn: &mut PgConnection,
    ids: &[AccountId],
    name: Option<&str>,
) -> Result<Vec<Account>, DbError> {
    let ids: Vec<String> = ids.iter().map(AccountId::to_string).collect();
    let rows = sqlx::query!(
        "select id, name, type as kind, enforce_twofactor, created_on from accounts
         where id = any($1) and ($2::text is null or name = $2) order by name, id",
        &ids,
        name
    )
    .fetch_all(conn)
    .await?;
    let account = |row: (String, String, String, bool, Timestamp)| {
        Ok(Account {
            id: parse("accounts.id", &row.0)?,
            name: row.1,
            kind: row.2,
            enforce_twofactor: row.3,
            created_on: row.4,
        })
    };
    rows.into_iter()
        .map(|row| account((row.id, row.name, row.kind, row.enforce_twofactor, row.created_on.to_jiff())))
        .collect()
}

pub async fn memberships(conn: &mut PgConnection, user: UserId) -> Result<Vec<Membership>, DbError> {
    let rows = sqlx::query!(
        "select id, account_id, role, status from memberships where user_id = $1 order by created_on, id",
        user.to_string()
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<AccountId> =
        rows.iter().map(|row| parse("memberships.account_id", &row.account_id)).collect::<Result<_, _>>()?;
    let accounts = list(conn, &ids, None).await?;
    let membership =
        |(row, id): (_, AccountId)| Some((row, accounts.iter().find(|account| account.id == id)?.clone()));
    let joined = rows.into_iter().zip(ids).filter_map(membership);
    Ok(joined
        .map(|(row, account)| Membership { id: row.id, account, role: row.role, status: row.status })
        .collect())
}

pub async fn create(change: &mut Change, name: &str) -> Result<AccountId, DbError> {
    let id = AccountId::from_bytes(random::bytes());
    let at = change.at().to_sqlx();
    sqlx::query!(
        "insert into accounts (id, name, created_on, modified_on) values ($1, $2, $3, $3)",
        id.to_string(),
        name,
        at
    )
    .execute(change.conn())
    .await?;
    change.audit(
        Entry::elsewhere("account.create", "account", id, Some(id)).after(serde_json::json!({"name": name})),
    );
    Ok(id)
}
