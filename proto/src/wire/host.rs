use super::error::{DecodeError, invalid, newer};
use crate::v1;
use policy::{
    hostname::Hostname,
    origin::{OriginProtocol, OriginSettings},
    record::{Name, Target},
};
use prost::bytes::Bytes;
use std::net::IpAddr;
use v1::named_host::Exposure;

/// The longest `host_header`: a name and a port.
const HOST_HEADER_BYTES_MAX: usize = 260;

pub(super) fn to_proto(host: String, name: &Name) -> v1::NamedHost {
    let exposure = match name {
        Name::Proxied { target, origin } => Exposure::Proxied(v1::Proxied {
            target: Some(target_to_proto(target)),
            origin: (*origin != OriginSettings::default()).then(|| origin_to_proto(origin)),
        }),
        Name::DnsOnly(target) => Exposure::DnsOnly(v1::DnsOnly { target: Some(target_to_proto(target)) }),
        Name::Empty => Exposure::Empty(v1::Empty {}),
    };
    v1::NamedHost { host, exposure: Some(exposure) }
}

pub(super) fn from_proto(named: v1::NamedHost) -> Result<(Hostname, Name), DecodeError> {
    let host = Hostname::parse_pattern(&named.host).map_err(|error| invalid("host", error))?;
    let name = match named.exposure.ok_or_else(|| newer("exposure"))? {
        Exposure::Proxied(proxied) => Name::Proxied {
            target: target_from_proto(proxied.target)?,
            origin: proxied.origin.map(origin_from_proto).transpose()?.unwrap_or_default(),
        },
        Exposure::DnsOnly(dns_only) => Name::DnsOnly(target_from_proto(dns_only.target)?),
        Exposure::Empty(_) => Name::Empty,
    };
    Ok((host, name))
}

fn target_to_proto(target: &Target) -> v1::Target {
    let kind = match target {
        Target::Addresses(addresses) => {
            let addresses = addresses.iter().map(address_to_proto).collect();
            v1::target::Kind::Addresses(v1::Addresses { addresses })
        }
        Target::Cname(host) => v1::target::Kind::Cname(host.to_string()),
    };
    v1::Target { kind: Some(kind) }
}

fn target_from_proto(target: Option<v1::Target>) -> Result<Target, DecodeError> {
    match target.and_then(|target| target.kind).ok_or_else(|| newer("target"))? {
        v1::target::Kind::Cname(host) => {
            Hostname::parse(&host).map(Target::Cname).map_err(|error| invalid("target.cname", error))
        }
        v1::target::Kind::Addresses(list) if list.addresses.is_empty() => {
            Err(invalid("target.addresses", "may not be empty"))
        }
        v1::target::Kind::Addresses(list) => {
            list.addresses.iter().map(address_from_proto).collect::<Result<_, _>>().map(Target::Addresses)
        }
    }
}

fn address_to_proto(address: &IpAddr) -> Bytes {
    match address {
        IpAddr::V4(v4) => Bytes::copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => Bytes::copy_from_slice(&v6.octets()),
    }
}

fn address_from_proto(bytes: &Bytes) -> Result<IpAddr, DecodeError> {
    if let Ok(octets) = <[u8; 4]>::try_from(&**bytes) {
        return Ok(octets.into());
    }
    let octets = <[u8; 16]>::try_from(&**bytes);
    octets.map(IpAddr::from).map_err(|_| invalid("target.addresses", "must have 4 or 16 bytes each"))
}

fn origin_to_proto(origin: &OriginSettings) -> v1::Origin {
    let protocol = match origin.protocol {
        OriginProtocol::Auto => v1::OriginProtocol::Auto,
        OriginProtocol::Http => v1::OriginProtocol::Http,
        OriginProtocol::Https => v1::OriginProtocol::Https,
        OriginProtocol::Grpc => v1::OriginProtocol::Grpc,
        OriginProtocol::Grpcs => v1::OriginProtocol::Grpcs,
    };
    v1::Origin {
        port: origin.port.unwrap_or_default().into(),
        protocol: protocol.into(),
        sni: origin.sni.as_ref().map(ToString::to_string).unwrap_or_default(),
        host_header: origin.host_header.clone().unwrap_or_default(),
    }
}

fn origin_from_proto(origin: v1::Origin) -> Result<OriginSettings, DecodeError> {
    let protocol = match origin.protocol.try_into() {
        Ok(v1::OriginProtocol::Auto) => OriginProtocol::Auto,
        Ok(v1::OriginProtocol::Http) => OriginProtocol::Http,
        Ok(v1::OriginProtocol::Https) => OriginProtocol::Https,
        Ok(v1::OriginProtocol::Grpc) => OriginProtocol::Grpc,
        Ok(v1::OriginProtocol::Grpcs) => OriginProtocol::Grpcs,
        Ok(v1::OriginProtocol::Unspecified) | Err(_) => return Err(newer("origin.protocol")),
    };
    let port = u16::try_from(origin.port).map_err(|_| invalid("origin.port", "is larger than 65535"))?;
    let sni = (!origin.sni.is_empty()).then(|| Hostname::parse(&origin.sni)).transpose();
    let header = origin.host_header;
    if header.len() > HOST_HEADER_BYTES_MAX || !header.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("origin.host_header", "must be a host, with or without a port"));
    }
    Ok(OriginSettings {
        port: (port != 0).then_some(port),
        protocol,
        sni: sni.map_err(|error| invalid("origin.sni", error))?,
        host_header: (!header.is_empty()).then_some(header),
    })
}
