//! The PROXY protocol, versions 1 and 2: load balancers that we trust say who the visitor is.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};
use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE_V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, its end included.
const LINE_BYTES_MAX: usize = 107;
/// Addresses and extensions of version 2.
const BLOCK_BYTES_MAX: usize = 2048;

/// Reads the header and nothing behind it. The visitor's address; nothing if the load balancer speaks for itself.
///
/// # Errors
///
/// `InvalidData` if there is no header: who may speak the protocol must speak it.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    // The shortest line of version 1 is longer than this as well.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == *SIGNATURE_V2 { read_v2(stream).await } else { read_v1(stream, &start).await }
}

async fn read_v1<S: AsyncRead + Unpin>(stream: &mut S, start: &[u8]) -> io::Result<Option<IpAddr>> {
    let mut line = start.to_vec();
    if !line.starts_with(b"PROXY ") {
        return Err(malformed());
    }
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX {
            return Err(malformed());
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).map_err(|_| malformed())?;
    let mut words = line.trim_end().split(' ').skip(1);
    let (family, source) = (words.next(), words.next());
    match (family, source.map(str::parse::<IpAddr>)) {
        (Some("UNKNOWN"), _) => Ok(None),
        (Some("TCP4"), Some(Ok(address @ IpAddr::V4(_))))
        | (Some("TCP6"), Some(Ok(address @ IpAddr::V6(_)))) => Ok(Some(address)),
        _ => Err(malformed()),
    }
}

async fn read_v2<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<IpAddr>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [version_and_command, family, high, low] = head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > BLOCK_BYTES_MAX {
        return Err(malformed());
    }
    let mut block = vec![0; length];
    stream.read_exact(&mut block).await?;
    match (version_and_command, family) {
        (0x20, _) | (0x21, 0x00) => Ok(None),
        (0x21, 0x11) => {
            let source: [u8; 4] = *block.first_chunk().filter(|_| length >= 12).ok_or_else(malformed)?;
            Ok(Some(Ipv4Addr::from(source).into()))
        }
        (0x21, 0x21) => {
            let source: [u8; 16] = *block.first_chunk().filter(|_| length >= 36).ok_or_else(malformed)?;
            Ok(Some(Ipv6Addr::from(source).into()))
        }
        _ => Err(malformed()),
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no header of the PROXY protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parse(bytes: &[u8]) -> io::Result<(Option<IpAddr>, usize)> {
        let mut rest = bytes;
        let address = read(&mut rest).await?;
        Ok((address, rest.len()))
    }

    #[tokio::test]
    async fn both_versions_name_the_visitor_and_leave_the_rest_unread() {
        let v1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 51000 443\r\nrest";
        assert_eq!(parse(v1).await.expect("a header"), (Some(IpAddr::from([203, 0, 113, 7])), 4));
        let v1 = b"PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\nrest";
        assert_eq!(parse(v1).await.expect("a header"), ("2001:db8::7".parse().ok(), 4));
        let mut v2 = SIGNATURE_V2.to_vec();
        v2.extend([0x21, 0x11, 0, 15, 203, 0, 113, 7, 192, 0, 2, 1, 1, 2, 3, 4, 4, 0, 0]);
        v2.extend(b"rest");
        assert_eq!(parse(&v2).await.expect("a header"), (Some(IpAddr::from([203, 0, 113, 7])), 4));
    }

    #[tokio::test]
    async fn a_load_balancer_may_speak_for_itself() {
        assert_eq!(parse(b"PROXY UNKNOWN\r\n").await.expect("a header"), (None, 0));
        let local = [&SIGNATURE_V2[..], &[0x20, 0, 0, 0]].concat();
        assert_eq!(parse(&local).await.expect("a header"), (None, 0));
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let endless = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        let short = [&SIGNATURE_V2[..], &[0x21, 0x11, 0, 4, 1, 2, 3, 4]].concat();
        let large = [&SIGNATURE_V2[..], &[0x21, 0x11, 255, 255]].concat();
        let others: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 ::1 ::1 1 2\r\n",
            b"PROXY TCP4\r\n\r\n\r\n",
            &endless,
            &short,
            &large,
        ];
        for bytes in others {
            assert!(parse(bytes).await.is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
