//! The only way to alter published state: one transaction with its audit rows and the next revision.

use super::{
    DbError,
    audit::{self, Entry},
    parse,
};
use crate::random;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    id::{TokenId, UserId, ZoneId},
    object::ObjectHash,
    revision::{Chain, Revision},
};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Who acts, from where and when; what the audit log says about every entry of a change.
#[derive(Debug, Clone)]
pub struct Actor {
    pub who: Who,
    pub ip: Option<IpAddr>,
    pub ray: Option<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A person, with a token or with the global key.
    User { id: UserId, token: Option<TokenId> },
    /// A program that belongs to an account.
    AccountToken(TokenId),
    /// The control plane itself, by the name of what acted.
    System(&'static str),
}

impl Actor {
    /// The control plane itself: reconcilers, the bootstrap, the command line.
    pub fn system(name: &'static str, at: Timestamp) -> Self {
        Self { who: Who::System(name), ip: None, ray: None, at }
    }
}

/// What a change of one zone has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The newest revision of all.
    pub newest: Revision,
    /// The revision that last published the zone: an older one if the change published nothing of it.
    pub zone: Revision,
}

/// A transaction that alters published state. Dropped without [`Change::commit`], it never happened.
pub struct Change {
    transaction: Transaction<'static, Postgres>,
    actor: Actor,
    salt: Salt,
    locked: BTreeSet<ZoneId>,
    /// Touched documents by key, and whether they are removed.
    documents: BTreeMap<String, bool>,
    entries: Vec<Entry>,
}

impl Change {
    pub async fn begin(pool: &PgPool, actor: &Actor) -> Result<Self, DbError> {
        Ok(Self {
            transaction: pool.begin().await?,
            actor: actor.clone(),
            salt: random::bytes(),
            locked: BTreeSet::new(),
            documents: BTreeMap::new(),
            entries: Vec::new(),
        })
    }

    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// When the change happens: the time that its rows carry.
    pub fn at(&self) -> Timestamp {
        self.actor.at
    }

    /// The connection inside the transaction.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Locks the rows of existing zones until commit, in the order of their ids so that two changes never wait in a circle.
    pub async fn lock_zones(&mut self, zones: &[ZoneId]) -> Result<(), DbError> {
        let ids: Vec<String> = zones.iter().map(ZoneId::to_string).collect();
        sqlx::query!("select id from zones where id = any($1) order by id for update", &ids)
            .fetch_all(&mut *self.transaction)
            .await?;
        self.locked.extend(zones);
        Ok(())
    }

    pub fn publish_zone(&mut self, zone: ZoneId) {
        self.documents.insert(format!("zone/{zone}"), false);
    }

    pub fn remove_zone(&mut self, zone: ZoneId) {
        self.documents.insert(format!("zone/{zone}"), true);
    }

    pub fn publish_object(&mut self, object: ObjectHash) {
        self.documents.insert(format!("object/{object}"), false);
    }

    pub fn remove_object(&mut self, object: ObjectHash) {
        self.documents.insert(format!("object/{object}"), true);
    }

    pub fn publish_global(&mut self, name: &'static str) {
        self.documents.insert(format!("global/{name}"), false);
    }

    pub fn audit(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Writes the audit rows and, if a document was touched, the next revision; then commits.
    ///
    /// Returns the new revision, or the current one if nothing was published.
    pub async fn commit(mut self) -> Result<Revision, DbError> {
        let zones = self.published_zones()?;
        let unlocked: Vec<ZoneId> =
            zones.iter().copied().filter(|zone| !self.locked.contains(zone)).collect();
        if !unlocked.is_empty() {
            self.lock_zones(&unlocked).await?;
        }
        let publishes = !self.documents.is_empty();
        let salt = publishes.then_some(&self.salt);
        audit::insert(&mut self.transaction, &self.actor, &self.entries, salt).await?;
        let current =
            if publishes { self.number(&zones).await? } else { current(&mut self.transaction).await? };
        self.transaction.commit().await?;
        Ok(current)
    }

    /// The same as [`Change::commit`] for a change of one zone, which must exist.
    pub async fn commit_zone(mut self, zone: ZoneId) -> Result<Committed, DbError> {
        let former = if self.documents.contains_key(&format!("zone/{zone}")) {
            None
        } else {
            Some(revision_of(self.conn(), zone).await?)
        };
        let newest = self.commit().await?;
        Ok(Committed { newest, zone: former.unwrap_or(newest) })
    }

    /// Undoes everything and lets go of all locks. A change that is merely dropped keeps them a little longer.
    pub async fn abandon(self) -> Result<(), DbError> {
        Ok(self.transaction.rollback().await?)
    }

    fn published_zones(&self) -> Result<Vec<ZoneId>, DbError> {
        let keys = self.documents.iter().filter(|(_, removed)| !**removed);
        keys.filter_map(|(key, _)| key.strip_prefix("zone/")).map(|id| parse("zones.id", id)).collect()
    }

    /// Takes the next number. The counter's row stays locked until commit, so numbers commit in their order; everything that
    /// can be slow or refused is done before.
    async fn number(&mut self, zones: &[ZoneId]) -> Result<Revision, DbError> {
        let conn: &mut PgConnection = &mut self.transaction;
        let counter = sqlx::query!("select revision, chain from revision_counter for update")
            .fetch_one(&mut *conn)
            .await?;
        let previous = Chain(
            counter.chain.try_into().map_err(|_| DbError::Corrupt { column: "revision_counter.chain" })?,
        );
        let number = counter.revision + 1;
        let revision = Revision(number.unsigned_abs());
        let chain = next_chain(previous, revision, &self.salt, &self.documents);
        let (keys, removed): (Vec<String>, Vec<bool>) = self.documents.clone().into_iter().unzip();
        let zones: Vec<String> = zones.iter().map(ZoneId::to_string).collect();
        // One statement, because whoever publishes next waits for it.
        sqlx::query!(
            "with counted as (update revision_counter set revision = $1, chain = $3),
                  numbered as (insert into revisions (revision, salt, chain, at) values ($1, $2, $3, $4)),
                  noted as (insert into outbox (revision, document, removed)
                            select $1, document, removed from unnest($5::text[], $6::bool[]) as t (document, removed)),
                  stamped as (update zones set revision = $1 where id = any($7))
             select pg_notify('orangery_revision', $8) is null as sent",
            number,
            &self.salt,
            &chain.0,
            self.actor.at.to_sqlx(),
            &keys,
            &removed,
            &zones,
            number.to_string()
        )
        .fetch_one(conn)
        .await?;
        Ok(revision)
    }
}

/// What makes each change one of its kind, and by which the audit log names it.
pub type Salt = [u8; 16];

/// The chain after a change: SHA-256 over, in this order,
///
/// - the previous chain, 32 bytes;
/// - the revision, 8 bytes, big-endian;
/// - the salt, 16 random bytes, without which a history that was restored and went on to touch the same documents in another way
///   would have the same chain;
/// - the number of documents, 4 bytes, big-endian;
/// - for each document, in the order of its key's bytes: the key's length, 4 bytes, big-endian; the key; 1 if it is removed,
///   otherwise 0, one byte.
pub fn next_chain(
    previous: Chain,
    revision: Revision,
    salt: &Salt,
    documents: &BTreeMap<String, bool>,
) -> Chain {
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(revision.0.to_be_bytes());
    hasher.update(salt);
    hasher.update(length(documents.len()));
    for (key, removed) in documents {
        hasher.update(length(key.len()));
        hasher.update(key.as_bytes());
        hasher.update([u8::from(*removed)]);
    }
    Chain(hasher.finalize().into())
}

/// The newest committed revision.
pub async fn current(conn: &mut PgConnection) -> Result<Revision, DbError> {
    let number = sqlx::query_scalar!("select revision from revision_counter").fetch_one(conn).await?;
    Ok(Revision(number.unsigned_abs()))
}

async fn revision_of(conn: &mut PgConnection, zone: ZoneId) -> Result<Revision, DbError> {
    let number = sqlx::query_scalar!("select revision from zones where id = $1", zone.to_string())
        .fetch_one(conn)
        .await?;
    Ok(Revision(number.unsigned_abs()))
}
