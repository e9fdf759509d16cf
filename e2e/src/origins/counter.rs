use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Stands before an origin, passes every byte on, and counts the connections.
pub struct Counter {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Counter {
    pub async fn before(origin: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(super::ANY_PORT).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((mut visitor, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                passing.spawn(async move {
                    let mut origin = TcpStream::connect(origin).await?;
                    copy_bidirectional(&mut visitor, &mut origin).await
                });
            }
        });
        Ok(Self { address, connections, accepting: accepting.abort_handle() })
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
