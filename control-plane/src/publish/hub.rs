//! What this replica publishes at the moment, in a watch channel; and how it follows the database.

use super::{
    compile::compile,
    documents::{Documents, Form},
};
use crate::{
    db::{
        DbError,
        link::{self, LinkKeyError},
        nodes::{self, Member},
        published::{Census, Head, Touched, View},
        zone_rows::{self, ZoneRows},
    },
    secrets::MasterKey,
};
use policy::{
    id::{NodeId, ZoneId},
    object::ObjectHash,
    revision::Revision,
};
use proto::{
    identity::VerifyingKey,
    seal::FleetKey,
    wire::{self, DocumentKey},
};
use sqlx::PgPool;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::watch;

/// How many zones are read and compiled at a time when there is much to do.
const ZONES_PER_READ_MAX: usize = 500;

/// Documents, the key that opens them, and who may have it: all from one view of the database, so that a new fleet key is
/// never seen together with the list of nodes from before a revocation.
#[derive(Clone)]
pub struct Published {
    /// Grows when the history in the database turns out to be another than before.
    pub epoch: u64,
    pub documents: Arc<Documents>,
    pub fleet_key: Arc<FleetKey>,
    pub members: Arc<Members>,
}

/// The nodes that may speak.
#[derive(Debug, Default)]
pub struct Members {
    census: Census,
    by_key: HashMap<VerifyingKey, Member>,
    revoked: HashMap<NodeId, bool>,
}

impl Members {
    fn new(census: Census, members: Vec<Member>) -> Self {
        let revoked = members.iter().map(|member| (member.id, member.revoked)).collect();
        Self {
            census,
            by_key: members.into_iter().map(|member| (member.signing_key, member)).collect(),
            revoked,
        }
    }

    pub fn by_key(&self, key: VerifyingKey) -> Option<Member> {
        self.by_key.get(&key).copied()
    }

    /// A node that is not known is not revoked: it may be newer than the last look.
    pub fn is_revoked(&self, node: NodeId) -> bool {
        self.revoked.get(&node).copied().unwrap_or_default()
    }
}

pub struct Hub {
    pool: PgPool,
    master: MasterKey,
    published: watch::Sender<Published>,
}

impl Hub {
    /// Reads everything there is.
    pub async fn start(pool: PgPool, master: MasterKey) -> Result<Self, LinkKeyError> {
        let mut view = View::open(&pool).await?;
        let fleet_key = Arc::new(link::read_fleet_key(view.conn(), &master).await?);
        view.close().await?;
        let documents = Arc::new(Documents::empty());
        let nothing = Published { epoch: 0, documents, fleet_key, members: Arc::default() };
        let hub = Self { pool, master, published: watch::Sender::new(nothing) };
        hub.refresh().await?;
        Ok(hub)
    }

    pub fn published(&self) -> watch::Receiver<Published> {
        self.published.subscribe()
    }

    /// Looks at the database, and publishes if there is anything new.
    pub async fn refresh(&self) -> Result<(), LinkKeyError> {
        let before = self.published.borrow().clone();
        let mut view = View::open(&self.pool).await?;
        let head = view.head(before.documents.position()).await?;
        let unmoved = head.continues && head.position == before.documents.position();
        let same_key = head.fleet_key == Some(before.fleet_key.id());
        let same_members = head.census == before.members.census;
        if unmoved && same_key && same_members {
            return Ok(view.close().await?);
        }
        let fleet_key = match same_key {
            true => Arc::clone(&before.fleet_key),
            false => Arc::new(link::read_fleet_key(view.conn(), &self.master).await?),
        };
        let members = match same_members {
            true => Arc::clone(&before.members),
            false => Arc::new(Members::new(head.census, nodes::members(view.conn()).await?)),
        };
        let (epoch, documents) = match unmoved {
            true => (before.epoch, before.documents),
            false => catch_up(&mut view, &head, &before).await?,
        };
        view.close().await?;
        metrics::gauge!("orangery_published_revision").set(head.position.revision.0 as f64);
        metrics::gauge!("orangery_published_documents").set(documents.len() as f64);
        self.published.send_replace(Published { epoch, documents, fleet_key, members });
        Ok(())
    }
}

/// The documents at the newest position, and the epoch they belong to.
async fn catch_up(
    view: &mut View,
    head: &Head,
    before: &Published,
) -> Result<(u64, Arc<Documents>), DbError> {
    let (epoch, base) = if head.continues {
        (before.epoch, Arc::clone(&before.documents))
    } else {
        tracing::warn!(before = %before.documents.position().revision, now = %head.position.revision,
            "the history in the database was replaced: nodes get everything anew");
        (before.epoch + 1, Arc::new(Documents::empty()))
    };
    let touched = view.touched_since(base.position().revision).await?;
    let forms = read(view, touched).await?;
    Ok((epoch, Arc::new(base.advance(head.position, forms))))
}

/// Reads what was touched, and encodes each document once.
async fn read(view: &mut View, touched: Vec<Touched>) -> Result<Vec<(DocumentKey, Revision, Form)>, DbError> {
    let mut forms = Vec::with_capacity(touched.len());
    let mut zones: HashMap<ZoneId, Revision> = HashMap::new();
    let mut objects: HashMap<ObjectHash, Revision> = HashMap::new();
    for document in touched {
        match document.document.parse() {
            Ok(key) if document.removed => forms.push((key, document.revision, Form::Removed)),
            Ok(DocumentKey::Zone(id)) => drop(zones.insert(id, document.revision)),
            Ok(DocumentKey::Object(hash)) => drop(objects.insert(hash, document.revision)),
            // This version publishes no global documents.
            Ok(DocumentKey::Global(_)) => {}
            Err(error) => tracing::error!(document = document.document, %error, "passed over in the outbox"),
        }
    }
    let hashes: Vec<ObjectHash> = objects.keys().copied().collect();
    for store in view.trust_stores(&hashes).await? {
        let (key, encoded) = (DocumentKey::Object(store.hash()), wire::encode_trust_store(&store));
        let revision = objects.get(&store.hash()).copied().unwrap_or_default();
        forms.push(form(key, revision, encoded));
    }
    let ids: Vec<ZoneId> = zones.keys().copied().collect();
    for ids in ids.chunks(ZONES_PER_READ_MAX) {
        for (id, rows) in zone_rows::read(view.conn(), ids).await? {
            let revision = zones.get(&id).copied().unwrap_or_default();
            forms.push(form(DocumentKey::Zone(id), revision, encode(rows)));
        }
    }
    Ok(forms)
}

fn encode(rows: Result<ZoneRows, DbError>) -> Result<bytes::Bytes, Box<dyn std::error::Error>> {
    Ok(wire::encode_zone(&compile(rows?)?)?)
}

/// A document that cannot be made holds nothing else up.
fn form(
    key: DocumentKey,
    revision: Revision,
    encoded: Result<bytes::Bytes, impl std::fmt::Display>,
) -> (DocumentKey, Revision, Form) {
    let bytes = encoded.unwrap_or_else(|error| {
        metrics::counter!("orangery_publish_failures_total").increment(1);
        tracing::error!(document = %key, %error, "cannot be published: nodes keep its last form");
        wire::encode_broken(&key)
    });
    (key, revision, Form::Published(bytes))
}
