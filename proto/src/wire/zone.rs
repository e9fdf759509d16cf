use super::{
    certificate,
    error::{DecodeError, invalid, parse},
    host, settings,
};
use crate::v1;
use policy::{
    hostname::Hostname,
    object::ObjectHash,
    zone::{Names, Zone},
};
use prost::bytes::Bytes;

pub(super) fn to_proto(zone: &Zone) -> v1::Zone {
    v1::Zone {
        id: zone.id.to_string(),
        account: zone.account.to_string(),
        name: zone.name.to_string(),
        paused: zone.paused,
        settings: Some(settings::to_proto(&zone.settings)),
        names: zone.names.iter().map(|(host, name)| host::to_proto(host, name)).collect(),
        certificates: zone.certificates.iter().map(certificate::to_proto).collect(),
        trust_store: zone.trust_store.map(|hash| Bytes::copy_from_slice(&hash.0)).unwrap_or_default(),
    }
}

pub(super) fn from_proto(zone: v1::Zone) -> Result<Zone, DecodeError> {
    let name = Hostname::parse(&zone.name).map_err(|error| invalid("name", error))?;
    let settings = zone.settings.ok_or_else(|| invalid("settings", "is absent"))?;
    Ok(Zone {
        id: parse("id", &zone.id)?,
        account: parse("account", &zone.account)?,
        paused: zone.paused,
        settings: settings::from_proto(&settings).map_err(|error| error.within("settings"))?,
        names: names_from_proto(&name, zone.names)?,
        certificates: certificates_from_proto(&name, zone.certificates)?,
        trust_store: trust_store_from_proto(&zone.trust_store)?,
        name,
    })
}

fn names_from_proto(zone: &Hostname, names: Vec<v1::NamedHost>) -> Result<Names, DecodeError> {
    let mut parsed = Vec::with_capacity(names.len());
    for (index, named) in names.into_iter().enumerate() {
        let (host, name) =
            host::from_proto(named).map_err(|error| error.within(format_args!("names[{index}]")))?;
        if !host.is_within(zone) {
            return Err(invalid(&format!("names[{index}].host"), "is outside the zone"));
        }
        parsed.push((host, name));
    }
    Ok(Names::new(zone.clone(), parsed))
}

fn certificates_from_proto(
    zone: &Hostname,
    certificates: Vec<v1::Certificate>,
) -> Result<Vec<policy::certificate::Certificate>, DecodeError> {
    let mut parsed = Vec::with_capacity(certificates.len());
    for (index, certificate) in certificates.into_iter().enumerate() {
        let field = format!("certificates[{index}]");
        let certificate = certificate::from_proto(certificate).map_err(|error| error.within(&field))?;
        if !certificate.hosts.iter().all(|host| host.is_within(zone)) {
            return Err(invalid(&format!("{field}.hosts"), "are not all within the zone"));
        }
        parsed.push(certificate);
    }
    Ok(parsed)
}

fn trust_store_from_proto(hash: &Bytes) -> Result<Option<ObjectHash>, DecodeError> {
    if hash.is_empty() {
        return Ok(None);
    }
    let hash = <[u8; 32]>::try_from(&**hash).map_err(|_| invalid("trust_store", "must have 32 bytes"))?;
    Ok(Some(ObjectHash(hash)))
}
