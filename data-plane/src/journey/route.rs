//! Record → the way to its origin.

use super::{
    locate::Asked,
    speak::{Speech, Spoken},
};
use crate::{
    current::Snapshot,
    origin::{Destination, Failure, Goal},
};
use policy::{
    hostname::Hostname,
    id::AccountId,
    origin,
    record::{Name, Target},
    refusal::Refusal,
    settings::Settings,
};
use std::borrow::Cow;

/// CNAME records that are followed through known zones before it is called a loop.
const CNAMES_MAX: usize = 8;

/// A request that knows where to go.
pub(super) struct Routed<'z> {
    pub speech: Speech,
    pub settings: &'z Settings,
    pub goal: Goal<'z>,
    /// The record's own host header; the visitor's authority if absent.
    pub host_header: Option<&'z str>,
}

pub(super) fn route<'z>(
    snapshot: &Snapshot,
    spoken: Spoken<'z>,
    asked: &Asked<'_>,
) -> Result<Routed<'z>, Failure> {
    let Spoken { located, speech } = spoken;
    let live = located.zone;
    let settings = &live.zone.settings;
    let leg = match speech {
        Speech::Exchange(dialect) => origin::leg(settings, located.origin, dialect)?,
        Speech::WebSocket => origin::websocket_leg(settings, located.origin)?,
    };
    let server_name = match &located.origin.sni {
        Some(sni) => sni.clone(),
        None => Hostname::parse(&asked.host).map_err(|_| Refusal::MalformedRequest)?,
    };
    let destination = match located.target {
        Target::Addresses(addresses) => Destination::Addresses(Cow::Borrowed(addresses.as_slice())),
        Target::Cname(name) => follow(snapshot, live.zone.account, name)?,
    };
    let streams_max = settings.origin_h2_max_streams.count().into();
    let goal = Goal { zone: live.zone.id, trust: &live.trust, leg, destination, server_name, streams_max };
    Ok(Routed { speech, settings, goal, host_header: located.origin.host_header.as_deref() })
}

/// Follows CNAME records through the zones of this edge, as far as they lead; the DNS answers for the rest.
///
/// What another account hides behind the edge stays hidden: its proxied names are no origins for others.
fn follow<'z>(snapshot: &Snapshot, account: AccountId, first: &Hostname) -> Result<Destination<'z>, Failure> {
    let mut name = first.clone();
    for _ in 0..CNAMES_MAX {
        let Some(live) = snapshot.zone_of(name.as_str()) else { return Ok(Destination::Name(name)) };
        let target = match live.zone.names.find(name.as_str()) {
            Some(Name::Proxied { .. }) if live.zone.account != account => {
                return Err(Failure::with(Refusal::OriginForbidden, "a proxied name of another account"));
            }
            Some(Name::Proxied { target, .. } | Name::DnsOnly(target)) => target,
            Some(Name::Empty) | None => return Ok(Destination::Name(name)),
        };
        match target {
            Target::Addresses(addresses) => return Ok(Destination::Addresses(Cow::Owned(addresses.clone()))),
            Target::Cname(next) => name = next.clone(),
        }
    }
    Err(Refusal::OriginCnameLoop.into())
}
