//! Addresses that a node must never connect to on behalf of a zone.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What the operator of a node allows and forbids beyond the fixed rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginAddressRules {
    /// Development only: origins on 127.0.0.0/8 and ::1.
    pub allow_loopback: bool,
    pub deny: Vec<IpNet>,
    /// The node's own listeners; an unspecified address stands for every address of the machine that is loopback.
    pub own_listeners: Vec<SocketAddr>,
}

/// Why an origin address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenAddress {
    #[error("link-local address")]
    LinkLocal,
    #[error("metadata service address")]
    Metadata,
    #[error("unspecified address")]
    Unspecified,
    #[error("multicast or broadcast address")]
    Multicast,
    #[error("loopback address")]
    Loopback,
    #[error("a listener of this node")]
    OwnListener,
    #[error("denied by the operator of this node")]
    Denied,
}

impl OriginAddressRules {
    /// Judges an address after resolution. IPv4 addresses in IPv6 clothing (mapped, translated, compatible, NAT64, 6to4)
    /// are judged as IPv4.
    pub fn check(&self, address: SocketAddr) -> Result<(), ForbiddenAddress> {
        let ip = embedded(address.ip());
        fixed(ip)?;
        if ip.is_loopback() && !self.allow_loopback {
            return Err(ForbiddenAddress::Loopback);
        }
        if self.own_listeners.iter().any(|own| is_own(*own, ip, address.port())) {
            return Err(ForbiddenAddress::OwnListener);
        }
        if self.deny.iter().any(|net| net.contains(&ip) || net.contains(&address.ip())) {
            return Err(ForbiddenAddress::Denied);
        }
        Ok(())
    }
}

fn fixed(ip: IpAddr) -> Result<(), ForbiddenAddress> {
    if ip.is_unspecified() {
        return Err(ForbiddenAddress::Unspecified);
    }
    if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return Err(ForbiddenAddress::Multicast);
    }
    match ip {
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Err(ForbiddenAddress::Unspecified),
        IpAddr::V4(v4) if METADATA_V4.contains(&v4) => Err(ForbiddenAddress::Metadata),
        IpAddr::V4(v4) if v4.is_link_local() => Err(ForbiddenAddress::LinkLocal),
        IpAddr::V6(v6) if METADATA_V6.iter().any(|net| v6.segments()[..2] == *net) => {
            Err(ForbiddenAddress::Metadata)
        }
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Err(ForbiddenAddress::LinkLocal),
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(()),
    }
}

/// The metadata services of the large clouds: most of them, Alibaba, Oracle's older one, Azure's.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];
/// The /32 networks of those that have one: AWS, Google, Oracle.
const METADATA_V6: [[u16; 2]; 3] = [[0xfd00, 0xec2], [0xfd20, 0xce], [0xfd00, 0xc1]];

fn is_own(own: SocketAddr, ip: IpAddr, port: u16) -> bool {
    own.port() == port && (own.ip() == ip || (own.ip().is_unspecified() && ip.is_loopback()))
}

fn embedded(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    if v6.is_loopback() || v6.is_unspecified() {
        return ip;
    }
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let low = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff]
        | [0, 0, 0, 0, 0, 0]
        | [0, 0, 0, 0, 0xffff, 0]
        | [0x64, 0xff9b, 0, 0, 0, 0] => low(g, h),
        // RFC 8215 leaves the place of the IPv4 address to the network; the usual one is the end.
        [0x64, 0xff9b, 1, ..] => low(g, h),
        [0x2002, ..] => low(b, c),
        _ => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(rules: &OriginAddressRules, ip: &str) -> Result<(), ForbiddenAddress> {
        rules.check(SocketAddr::new(ip.parse().expect("an address"), 443))
    }

    #[test]
    fn forbidden_addresses_are_refused_in_every_clothing() {
        let rules =
            OriginAddressRules { deny: vec!["10.9.0.0/16".parse().expect("a net")], ..Default::default() };
        for (ip, why) in [
            ("169.254.1.1", ForbiddenAddress::LinkLocal),
            ("169.254.169.254", ForbiddenAddress::Metadata),
            ("::ffff:169.254.169.254", ForbiddenAddress::Metadata),
            ("64:ff9b::a9fe:a9fe", ForbiddenAddress::Metadata),
            ("2002:a9fe:a9fe::1", ForbiddenAddress::Metadata),
            ("fd00:ec2::254", ForbiddenAddress::Metadata),
            ("fd00:ec2::23", ForbiddenAddress::Metadata),
            ("fd20:ce::254", ForbiddenAddress::Metadata),
            ("fd00:c1::a9fe:a9fe", ForbiddenAddress::Metadata),
            ("168.63.129.16", ForbiddenAddress::Metadata),
            ("::ffff:0:169.254.169.254", ForbiddenAddress::Metadata),
            ("64:ff9b:1::169.254.169.254", ForbiddenAddress::Metadata),
            ("fe80::1", ForbiddenAddress::LinkLocal),
            ("0.0.0.0", ForbiddenAddress::Unspecified),
            ("0.1.2.3", ForbiddenAddress::Unspecified),
            ("::", ForbiddenAddress::Unspecified),
            ("224.0.0.1", ForbiddenAddress::Multicast),
            ("ff02::1", ForbiddenAddress::Multicast),
            ("255.255.255.255", ForbiddenAddress::Multicast),
            ("127.0.0.1", ForbiddenAddress::Loopback),
            ("::1", ForbiddenAddress::Loopback),
            ("::ffff:127.0.0.1", ForbiddenAddress::Loopback),
            ("10.9.8.7", ForbiddenAddress::Denied),
        ] {
            assert_eq!(verdict(&rules, ip), Err(why), "{ip}");
        }
        assert_eq!(verdict(&rules, "192.0.2.1"), Ok(()));
        assert_eq!(verdict(&rules, "10.1.1.1"), Ok(()));
    }

    #[test]
    fn a_node_is_never_its_own_origin() {
        let listener = "0.0.0.0:443".parse().expect("an address");
        let rules =
            OriginAddressRules { allow_loopback: true, own_listeners: vec![listener], ..Default::default() };
        assert_eq!(verdict(&rules, "127.0.0.1"), Err(ForbiddenAddress::OwnListener));
        assert_eq!(rules.check("127.0.0.1:8443".parse().expect("an address")), Ok(()));
    }
}
