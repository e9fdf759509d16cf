//! The keys that every replica agrees on, made by whichever comes first.

use crate::{
    certificates::authority::{Authority, Kind},
    db::{authorities, bootstrap, link},
    secrets::MasterKey,
};
use jiff::Timestamp;
use policy::id::ClusterId;
use proto::{identity::SigningKey, statement::Speaker};
use sqlx::PgPool;

/// What this installation is to its nodes.
pub struct LinkKeys {
    pub cluster: ClusterId,
    pub publisher: SigningKey,
    pub authority: Authority,
}

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("the database cannot be read")]
    Database(#[from] crate::db::DbError),
    #[error("the keys of the link cannot be read or made")]
    Link(#[from] link::LinkKeyError),
    #[error("the authority of the link cannot be read or made")]
    Authority(#[from] authorities::AuthorityError),
}

impl LinkKeys {
    /// Reads the keys, making those that do not exist yet: publisher, link authority and fleet key.
    pub async fn ensure(pool: &PgPool, master: &MasterKey, now: Timestamp) -> Result<Self, KeysError> {
        let mut conn = pool.acquire().await.map_err(crate::db::DbError::from)?;
        link::ensure_fleet_key(&mut conn, master, now).await?;
        Ok(Self {
            cluster: bootstrap::cluster(&mut conn).await?,
            publisher: link::publisher_key(&mut conn, master, now).await?,
            authority: authorities::load_or_create(&mut conn, master, Kind::Link, now).await?,
        })
    }

    pub fn speaker(&self) -> Speaker<'_> {
        Speaker { key: &self.publisher, cluster: self.cluster }
    }
}
