//! How visitors arrive: one listener per port, one thread that accepts, and sockets handed to the least busy worker.

mod accept;
mod bind;
mod connection;
mod frame_guard;
mod proxy_protocol;
mod tls;
mod worker;

pub use accept::{Doors, accept_visitors};
pub use bind::Bound;
pub use connection::ConnectionLimits;
pub use worker::{Phases, Worker, WorkerSetup};

/// Which door a visitor came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Https,
    Http,
}
