use super::error::{DecodeError, invalid, parse};
use crate::v1;
use policy::{
    certificate::{Certificate, SealedKey},
    hostname::Hostname,
};
use prost::bytes::Bytes;

pub(super) fn to_proto(certificate: &Certificate) -> v1::Certificate {
    v1::Certificate {
        id: certificate.id.to_string(),
        hosts: certificate.hosts.iter().map(ToString::to_string).collect(),
        chain: certificate.chain.iter().cloned().map(Bytes::from).collect(),
        not_after_unix: certificate.not_after_unix,
        key: Some(v1::SealedKey {
            fleet_key: certificate.key.fleet_key.to_string(),
            ciphertext: certificate.key.ciphertext.clone().into(),
        }),
    }
}

pub(super) fn from_proto(certificate: v1::Certificate) -> Result<Certificate, DecodeError> {
    let key = certificate.key.ok_or_else(|| invalid("key", "is absent"))?;
    let hosts = certificate.hosts.iter().map(|host| Hostname::parse_pattern(host));
    if certificate.chain.is_empty() {
        return Err(invalid("chain", "may not be empty"));
    }
    Ok(Certificate {
        id: parse("id", &certificate.id)?,
        hosts: hosts.collect::<Result<_, _>>().map_err(|error| invalid("hosts", error))?,
        chain: certificate.chain.iter().map(|der| der.to_vec()).collect(),
        key: SealedKey {
            fleet_key: parse("key.fleet_key", &key.fleet_key)?,
            ciphertext: key.ciphertext.into(),
        },
        not_after_unix: certificate.not_after_unix,
    })
}
