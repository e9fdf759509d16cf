//! What nodes tell, gathered and written to the database in batches: the newest report of each node.

use crate::db::node_states::{self, Report};
use policy::id::NodeId;
use sqlx::PgPool;
use std::{collections::HashMap, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time,
};

/// Reports waiting to be written; a node whose report finds no room sends it again.
const WAITING_MAX: usize = 4096;
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Takes reports; cheap to clone.
#[derive(Clone)]
pub struct Reports {
    sender: mpsc::Sender<Report>,
    /// Counts writes. Only a hint to look into the database: other replicas write too.
    stored: watch::Sender<u64>,
}

impl Reports {
    /// Starts the writer, which ends with the last clone.
    pub fn start(pool: PgPool) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let stored = watch::Sender::new(0);
        tokio::spawn(write(pool, receiver, stored.clone()));
        Self { sender, stored }
    }

    /// False if there is no room.
    pub fn submit(&self, report: Report) -> bool {
        self.sender.try_send(report).is_ok()
    }

    pub fn stored(&self) -> watch::Receiver<u64> {
        self.stored.subscribe()
    }
}

async fn write(pool: PgPool, mut receiver: mpsc::Receiver<Report>, stored: watch::Sender<u64>) {
    let mut arrived = Vec::new();
    let mut newest: HashMap<NodeId, Report> = HashMap::new();
    while receiver.recv_many(&mut arrived, WAITING_MAX).await > 0 {
        for report in arrived.drain(..) {
            if newest.get(&report.node).is_none_or(|known| known.turn < report.turn) {
                newest.insert(report.node, report);
            }
        }
        let reports: Vec<Report> = newest.values().cloned().collect();
        match node_states::store_reports(&pool, &reports).await {
            Ok(()) => {
                newest.clear();
                stored.send_modify(|writes| *writes += 1);
            }
            Err(error) => {
                tracing::warn!(%error, nodes = reports.len(), "reports could not be written, trying again with the next");
                time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}
