use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::net::TcpListener;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// A port that is ours but refuses visitors until it is opened.
pub struct Bound {
    socket: Socket,
    address: SocketAddr,
}

impl Bound {
    /// `[::]` takes IPv4 visitors in as well, and becomes `0.0.0.0` on a machine without IPv6.
    pub fn new(address: SocketAddr) -> io::Result<Self> {
        match bind(address) {
            Err(_) if address.ip() == Ipv6Addr::UNSPECIFIED && !has_ipv6() => {
                bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
            }
            bound => bound,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets visitors in. To be called within a runtime.
    pub fn open(self) -> io::Result<TcpListener> {
        self.socket.listen(BACKLOG)?;
        TcpListener::from_std(self.socket.into())
    }
}

fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok(Bound { socket, address })
}

fn has_ipv6() -> bool {
    Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).is_ok()
}
