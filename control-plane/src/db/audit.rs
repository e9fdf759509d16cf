//! Who did what, when, from where, and what it was before.

use super::{
    DbError,
    change::{Actor, Salt, Who},
};
use jiff_sqlx::ToSqlx as _;
use policy::id::{AccountId, TokenId, UserId, ZoneId};
use serde_json::Value;
use sqlx::PgConnection;

/// One line of the audit log. `before` and `after` never hold secrets.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Such as `zone.create`.
    pub action: &'static str,
    pub resource: Resource,
    pub account: Option<AccountId>,
    pub zone: Option<ZoneId>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What an entry is about.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Such as `zone` or `dns_record`.
    pub kind: &'static str,
    pub id: String,
}

impl Entry {
    /// An entry about something inside a zone, or the zone itself.
    pub fn in_zone(
        action: &'static str,
        kind: &'static str,
        id: impl ToString,
        account: AccountId,
        zone: ZoneId,
    ) -> Self {
        let resource = Resource { kind, id: id.to_string() };
        Self { action, resource, account: Some(account), zone: Some(zone), before: None, after: None }
    }

    /// An entry about something that belongs to no zone.
    pub fn elsewhere(
        action: &'static str,
        kind: &'static str,
        id: impl ToString,
        account: Option<AccountId>,
    ) -> Self {
        Self {
            action,
            resource: Resource { kind, id: id.to_string() },
            account,
            zone: None,
            before: None,
            after: None,
        }
    }

    #[must_use]
    pub fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    #[must_use]
    pub fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    actor: &Actor,
    entries: &[Entry],
    change: Option<&Salt>,
) -> Result<(), DbError> {
    let (user, token, system) = columns(actor.who);
    let texts = |of: fn(&Entry) -> String| entries.iter().map(of).collect::<Vec<_>>();
    let ids = |of: fn(&Entry) -> Option<String>| entries.iter().map(of).collect::<Vec<_>>();
    let values =
        |of: fn(&Entry) -> &Option<Value>| entries.iter().map(|entry| of(entry).clone()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into audit (at, actor_user, actor_token, actor_system, actor_ip, ray, change,
                            action, resource_type, resource_id, account_id, zone_id, before, after)
         select $1, $2, $3, $4, $5, $6, $7, entry.*
         from unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::jsonb[]) as entry",
        actor.at.to_sqlx(),
        user.map(|id| id.to_string()),
        token.map(|id| id.to_string()),
        system,
        actor.ip.map(|ip| ip.to_string()),
        actor.ray,
        change.map(Salt::as_slice),
        &texts(|entry| entry.action.to_owned()),
        &texts(|entry| entry.resource.kind.to_owned()),
        &texts(|entry| entry.resource.id.clone()),
        &ids(|entry| entry.account.map(|id| id.to_string())) as _,
        &ids(|entry| entry.zone.map(|id| id.to_string())) as _,
        &values(|entry| &entry.before) as _,
        &values(|entry| &entry.after) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn columns(who: Who) -> (Option<UserId>, Option<TokenId>, Option<&'static str>) {
    match who {
        Who::User { id, token } => (Some(id), token, None),
        Who::AccountToken(token) => (None, Some(token), None),
        Who::System(name) => (None, None, Some(name)),
    }
}

/// The account that a zone belonged to, also after its deletion.
pub async fn account_of(conn: &mut PgConnection, zone: ZoneId) -> Result<Option<AccountId>, DbError> {
    let account = sqlx::query_scalar!(
        r#"select account_id as "account_id!" from audit where zone_id = $1 and account_id is not null order by id limit 1"#,
        zone.to_string()
    )
    .fetch_optional(conn)
    .await?;
    account.map(|id| super::parse("audit.account_id", &id)).transpose()
}
