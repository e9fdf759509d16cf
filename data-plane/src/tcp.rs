//! Options that every TCP connection of a node has, to visitors and to origins.

use socket2::{SockRef, TcpKeepalive};
use std::time::Duration;
use tokio::net::TcpStream;

/// A peer that is gone is noticed when nothing is sent: after 30 s, then two probes 15 s apart.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(15))
    .with_retries(2);
/// A peer that is gone, or takes nothing, is given up when something is to be sent.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(90);

/// Options that cannot be set are not worth failing a connection for.
pub(crate) fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&KEEPALIVE);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
}
