//! Rows of a zone become the zone as nodes know it. Pure.

use crate::db::{
    DbError,
    records::{self, RecordKind},
    zone_rows::{RecordRow, ZoneRows},
};
use policy::{
    hostname::Hostname,
    origin::OriginSettings,
    record::{Name, Target},
    zone::{Names, Zone},
};
use std::{collections::BTreeMap, net::IpAddr};

/// Rows that the API would not have written: somebody altered the database by hand.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("the record {0} has a content that is not an address or a host name")]
    Content(Hostname),
    #[error(transparent)]
    Row(#[from] DbError),
}

pub fn compile(rows: ZoneRows) -> Result<Zone, CompileError> {
    let mut by_name: BTreeMap<Hostname, Vec<&RecordRow>> = BTreeMap::new();
    for record in &rows.records {
        by_name.entry(record.name.clone()).or_default().push(record);
    }
    let names = by_name.into_iter().map(|(name, records)| Ok((name, name_of(&records)?)));
    let names = names.collect::<Result<Vec<_>, CompileError>>()?;
    Ok(Zone {
        id: rows.id,
        account: rows.account,
        paused: rows.paused,
        settings: rows.settings,
        names: Names::new(rows.name.clone(), names),
        certificates: rows.certificates,
        trust_store: rows.trust_store,
        name: rows.name,
    })
}

/// One proxied address makes the whole name proxied, as DNS would then answer with the edge alone.
fn name_of(records: &[&RecordRow]) -> Result<Name, CompileError> {
    let Some(target) = target(records)? else { return Ok(Name::Empty) };
    if !records.iter().any(|record| record.proxied) {
        return Ok(Name::DnsOnly(target));
    }
    // All proxied records of one name agree on it, which is checked when they are written.
    let origin = records.iter().filter(|record| record.proxied).find_map(|record| record.origin.as_ref());
    let origin = origin.map(records::origin_from_json).transpose()?;
    Ok(Name::Proxied { target, origin: origin.unwrap_or_else(OriginSettings::default) })
}

fn target(records: &[&RecordRow]) -> Result<Option<Target>, CompileError> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let mut alias = None;
    for record in records {
        let content = || CompileError::Content(record.name.clone());
        match record.kind {
            RecordKind::A | RecordKind::Aaaa => {
                addresses.push(record.content.parse().map_err(|_| content())?)
            }
            RecordKind::Cname => alias = Some(Hostname::parse(&record.content).map_err(|_| content())?),
            // That the name exists is all that such a record means to traffic.
            _ => {}
        }
    }
    addresses.sort();
    addresses.dedup();
    if addresses.is_empty() { Ok(alias.map(Target::Cname)) } else { Ok(Some(Target::Addresses(addresses))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{
        id::{AccountId, ZoneId},
        origin::OriginProtocol,
        settings::Settings,
    };
    use serde_json::json;

    fn record(kind: RecordKind, name: &str, content: &str, proxied: bool) -> RecordRow {
        let name = Hostname::parse_pattern(name).expect("a name");
        RecordRow { kind, name, content: content.to_owned(), proxied, origin: None }
    }

    fn zone(records: Vec<RecordRow>) -> Result<Zone, CompileError> {
        compile(ZoneRows {
            id: ZoneId::from_bytes([1; 16]),
            account: AccountId::from_bytes([2; 16]),
            name: Hostname::parse("example.org").expect("a name"),
            paused: false,
            settings: Settings::default(),
            records,
            certificates: Vec::new(),
            trust_store: None,
        })
    }

    #[test]
    fn one_proxied_address_makes_the_name_proxied() {
        let mut proxied = record(RecordKind::A, "api.example.org", "192.0.2.2", true);
        proxied.origin = Some(json!({"protocol": "grpcs", "port": 8443}));
        let zone = zone(vec![
            proxied,
            record(RecordKind::A, "api.example.org", "192.0.2.1", false),
            record(RecordKind::Aaaa, "api.example.org", "2001:db8::1", false),
            record(RecordKind::Txt, "api.example.org", "", false),
        ]);
        let zone = zone.expect("compiles");
        let Some(Name::Proxied { target: Target::Addresses(addresses), origin }) =
            zone.names.find("api.example.org")
        else {
            panic!("proxied")
        };
        assert_eq!(
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        );
        assert_eq!((origin.port, origin.protocol), (Some(8443), OriginProtocol::Grpcs));
    }

    #[test]
    fn other_records_make_a_name_exist() {
        let zone = zone(vec![
            record(RecordKind::Cname, "*.example.org", "elsewhere.test", true),
            record(RecordKind::Mx, "mail.example.org", "", false),
            record(RecordKind::Srv, "_sip._tcp.example.org", "", false),
        ]);
        let zone = zone.expect("compiles");
        assert_eq!(zone.names.find("mail.example.org"), Some(&Name::Empty));
        assert_eq!(zone.names.find("_tcp.example.org"), Some(&Name::Empty));
        assert!(matches!(
            zone.names.find("any.example.org"),
            Some(Name::Proxied { target: Target::Cname(_), .. })
        ));
    }

    #[test]
    fn a_row_altered_by_hand_is_an_error_and_no_guess() {
        let broken = zone(vec![record(RecordKind::A, "api.example.org", "not an address", true)]);
        assert!(matches!(broken, Err(CompileError::Content(_))));
    }
}
