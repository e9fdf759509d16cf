//! Who calls: tokens, global keys, and the accounts they open.

use super::{
    DbError,
    audit::Entry,
    change::{Actor, Change, Who},
    parse,
};
use crate::random;
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use policy::id::{AccountId, TokenId, UserId};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};

/// Characters of `[A-Za-z0-9_-]` in a token.
const TOKEN_CHARACTERS: usize = 40;
/// Hexadecimal digits in a global API key.
pub const API_KEY_DIGITS: usize = 37;
/// How old `last_used_on` may be, so that reading does not mean writing.
const LAST_USED_RESOLUTION: SignedDuration = SignedDuration::from_mins(5);

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    User(UserId),
    Account(AccountId),
}

/// A token that is valid now, and what it opens.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: TokenId,
    pub owner: Owner,
    /// The owner runs the installation itself.
    pub operator: bool,
    pub accounts: Vec<AccountId>,
    pub not_before: Option<Timestamp>,
    pub expires_on: Option<Timestamp>,
    last_used_on: Option<Timestamp>,
}

/// A person who came with the global key.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub operator: bool,
    pub accounts: Vec<AccountId>,
}

/// Who has this address, in any case.
pub async fn user_by_email(conn: &mut PgConnection, email: &str) -> Result<Option<UserId>, DbError> {
    let id = sqlx::query_scalar!("select id from users where lower(email) = lower($1)", email)
        .fetch_optional(conn)
        .await?;
    id.map(|id| parse("users.id", &id)).transpose()
}

/// A person as `GET /user` shows them.
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub suspended: bool,
    pub two_factor_authentication_enabled: bool,
}

/// The token with this text, if it is active, in its time, and its owner not suspended.
pub async fn token(conn: &mut PgConnection, text: &str, now: Timestamp) -> Result<Option<Token>, DbError> {
    let row = sqlx::query!(
        r#"select t.id, t.user_id, t.account_id, t.not_before, t.expires_on, t.last_used_on,
                  coalesce(u.operator, false) as "operator!",
                  array(select m.account_id from memberships m where m.user_id = t.user_id and m.status = 'accepted'
                        union all select t.account_id where t.account_id is not null) as "accounts!: Vec<String>"
           from tokens t left join users u on u.id = t.user_id
           where t.hash = $1 and t.status = 'active' and u.suspended is not true
             and (t.not_before is null or t.not_before <= $2) and (t.expires_on is null or t.expires_on > $2)"#,
        hash(text),
        now.to_sqlx()
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let owner = match (row.user_id, row.account_id) {
        (Some(user), None) => Owner::User(parse("tokens.user_id", &user)?),
        (None, Some(account)) => Owner::Account(parse("tokens.account_id", &account)?),
        _ => return Err(DbError::Corrupt { column: "tokens.user_id" }),
    };
    Ok(Some(Token {
        id: parse("tokens.id", &row.id)?,
        owner,
        operator: row.operator,
        accounts: account_ids(&row.accounts)?,
        not_before: row.not_before.map(jiff_sqlx::Timestamp::to_jiff),
        expires_on: row.expires_on.map(jiff_sqlx::Timestamp::to_jiff),
        last_used_on: row.last_used_on.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// Remembers that a token was used, to within five minutes.
pub async fn touch(conn: &mut PgConnection, token: &Token, now: Timestamp) -> Result<(), DbError> {
    if token.last_used_on.is_some_and(|last| now.duration_since(last) < LAST_USED_RESOLUTION) {
        return Ok(());
    }
    sqlx::query!("update tokens set last_used_on = $2 where id = $1", token.id.to_string(), now.to_sqlx())
        .execute(conn)
        .await?;
    Ok(())
}

/// The person with this address and global key.
pub async fn person(conn: &mut PgConnection, email: &str, api_key: &str) -> Result<Option<Person>, DbError> {
    let row = sqlx::query!(
        r#"select u.id, u.operator,
                  array(select m.account_id from memberships m where m.user_id = u.id and m.status = 'accepted') as "accounts!: Vec<String>"
           from users u where lower(u.email) = lower($1) and u.api_key_hash = $2 and not u.suspended"#,
        email,
        hash(api_key)
    )
    .fetch_optional(conn)
    .await?;
    let person = |row: (String, bool, Vec<String>)| {
        Ok(Person { id: parse("users.id", &row.0)?, operator: row.1, accounts: account_ids(&row.2)? })
    };
    row.map(|row| person((row.id, row.operator, row.accounts))).transpose()
}

pub async fn user(conn: &mut PgConnection, id: UserId) -> Result<Option<User>, DbError> {
    let row = sqlx::query!(
        "select email, first_name, last_name, suspended, two_factor_authentication_enabled from users where id = $1",
        id.to_string()
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| User {
        id,
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        suspended: row.suspended,
        two_factor_authentication_enabled: row.two_factor_authentication_enabled,
    }))
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub owner: Owner,
    pub name: String,
    pub expires_on: Option<Timestamp>,
}

/// Makes a token and returns its text, which is kept nowhere.
pub async fn create_token(pool: &PgPool, actor: &Actor, token: &NewToken) -> Result<String, DbError> {
    let mut change = Change::begin(pool, actor).await?;
    let text = insert_token(&mut change, token).await?;
    change.commit().await?;
    Ok(text)
}

pub(super) async fn insert_token(change: &mut Change, token: &NewToken) -> Result<String, DbError> {
    let text = random::text(TOKEN_CHARACTERS);
    let id = TokenId::from_bytes(random::bytes());
    let (user, account) = match token.owner {
        Owner::User(user) => (Some(user), None),
        Owner::Account(account) => (None, Some(account)),
    };
    let at = change.at().to_sqlx();
    sqlx::query!(
        "insert into tokens (id, user_id, account_id, name, hash, expires_on, issued_on, modified_on) values ($1, $2, $3, $4, $5, $6, $7, $7)",
        id.to_string(),
        user.map(|id| id.to_string()),
        account.map(|id| id.to_string()),
        token.name,
        hash(&text),
        token.expires_on.map(|at| at.to_sqlx()),
        at
    )
    .execute(change.conn())
    .await?;
    let after = serde_json::json!({"name": token.name, "expires_on": token.expires_on});
    change.audit(Entry::elsewhere("token.create", "token", id, account).after(after));
    Ok(text)
}

/// Gives a person a new global key and returns it; the one before stops working.
pub async fn create_api_key(pool: &PgPool, actor: &Actor, user: UserId) -> Result<String, DbError> {
    let mut change = Change::begin(pool, actor).await?;
    let key = hex::encode(random::bytes::<{ API_KEY_DIGITS.div_ceil(2) }>())[..API_KEY_DIGITS].to_owned();
    let at = change.at().to_sqlx();
    sqlx::query!(
        "update users set api_key_hash = $2, modified_on = $3 where id = $1",
        user.to_string(),
        hash(&key),
        at
    )
    .execute(change.conn())
    .await?;
    change.audit(Entry::elsewhere("user.api_key", "user", user, None));
    change.commit().await?;
    Ok(key)
}

/// A person to be added to an account.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: String,
    pub account: AccountId,
    pub operator: bool,
}

/// Adds a person as administrator of an account.
pub async fn create_user(change: &mut Change, user: &NewUser) -> Result<UserId, DbError> {
    let id = UserId::from_bytes(random::bytes());
    let membership = hex::encode(random::bytes::<16>());
    let at = change.at().to_sqlx();
    sqlx::query!(
        "insert into users (id, email, operator, created_on, modified_on) values ($1, $2, $3, $4, $4)",
        id.to_string(),
        user.email,
        user.operator,
        at
    )
    .execute(change.conn())
    .await?;
    sqlx::query!(
        "insert into memberships (id, user_id, account_id, role, created_on) values ($1, $2, $3, 'administrator', $4)",
        membership,
        id.to_string(),
        user.account.to_string(),
        at
    )
    .execute(change.conn())
    .await?;
    let after = serde_json::json!({"email": user.email, "operator": user.operator, "role": "administrator"});
    change.audit(Entry::elsewhere("user.create", "user", id, Some(user.account)).after(after));
    Ok(id)
}

impl Token {
    pub fn who(&self) -> Who {
        match self.owner {
            Owner::User(id) => Who::User { id, token: Some(self.id) },
            Owner::Account(_) => Who::AccountToken(self.id),
        }
    }
}

fn account_ids(ids: &[String]) -> Result<Vec<AccountId>, DbError> {
    ids.iter().map(|id| parse("accounts.id", id)).collect()
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
