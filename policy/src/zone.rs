//! A zone as it is published: a complete document, never a patch.

use crate::{
    certificate::Certificate,
    hostname::{self, Hostname},
    id::{AccountId, ZoneId},
    object::ObjectHash,
    record::Name,
    settings::Settings,
};
use std::collections::{BTreeMap, HashMap};

/// Everything a node needs to know about one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    pub id: ZoneId,
    pub account: AccountId,
    pub name: Hostname,
    /// The whole zone is DNS only.
    pub paused: bool,
    pub settings: Settings,
    pub names: Names,
    /// In order of precedence: the first that covers a name is shown.
    pub certificates: Vec<Certificate>,
    /// Authorities trusted for this zone's origins besides the public ones.
    pub trust_store: Option<ObjectHash>,
}

impl Zone {
    /// The certificate for a name of this zone. Certificates of other zones are never asked.
    pub fn certificate_for(&self, host: &str) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|certificate| certificate.hosts.iter().any(|pattern| pattern.covers(host)))
    }
}

/// The names of a zone, answering as DNS does: exact, then wildcard by RFC 4592.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    zone: Hostname,
    /// Every existing name without a wildcard, empty non-terminals included.
    exact: HashMap<Hostname, Name>,
    /// Wildcards by the name they stand under.
    wildcards: HashMap<Hostname, Name>,
}

impl Names {
    /// Names outside the zone are dropped: they could never be asked for.
    pub fn new(zone: Hostname, names: impl IntoIterator<Item = (Hostname, Name)>) -> Self {
        let mut this = Self { zone, exact: HashMap::new(), wildcards: HashMap::new() };
        for (pattern, name) in names {
            if pattern.is_within(&this.zone) {
                this.insert(pattern, name);
            }
        }
        this
    }

    /// The name that speaks for `host`, which is lower case and without trailing dot; `None` if the zone has none.
    pub fn find(&self, host: &str) -> Option<&Name> {
        if !hostname::is_within(host, self.zone.as_str()) {
            return None;
        }
        if let Some(name) = self.exact.get(host) {
            return Some(name);
        }
        let mut encloser = hostname::parent(host)?;
        while encloser != self.zone.as_str() && !self.exact.contains_key(encloser) {
            encloser = hostname::parent(encloser)?;
        }
        self.wildcards.get(encloser)
    }

    /// Every name as it was given, in order, without the empty ones that only follow from others.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Name)> {
        let wildcards = self.wildcards.iter().map(|(under, name)| (format!("*.{under}"), name));
        let exact = self.exact.iter().map(|(host, name)| (host.to_string(), name));
        exact.chain(wildcards).collect::<BTreeMap<_, _>>().into_iter()
    }

    fn insert(&mut self, pattern: Hostname, name: Name) {
        let mut above = hostname::parent(pattern.as_str()).and_then(|parent| Hostname::parse(parent).ok());
        if pattern.is_wildcard() {
            if let Some(under) = above.clone() {
                self.wildcards.insert(under, name);
            }
        } else {
            self.exact.insert(pattern, name);
        }
        while let Some(ancestor) = above.filter(|ancestor| ancestor.is_within(&self.zone)) {
            above = hostname::parent(ancestor.as_str()).and_then(|parent| Hostname::parse(parent).ok());
            self.exact.entry(ancestor).or_insert(Name::Empty);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Target;

    fn host(text: &str) -> Hostname {
        Hostname::parse_pattern(text).expect("a name")
    }

    fn names(list: &[&str]) -> Names {
        let dns_only =
            |text: &&str| (host(text), Name::DnsOnly(Target::Cname(host(&text.replace('*', "star")))));
        Names::new(host("example.com"), list.iter().map(dns_only))
    }

    #[test]
    fn a_name_is_found_exactly_and_then_by_wildcard() {
        let names = names(&["example.com", "*.example.com", "host1.example.com", "*.sub.example.com"]);
        let target = |host: &str| names.find(host).and_then(Name::target).cloned();
        assert_eq!(target("host1.example.com"), Some(Target::Cname(host("host1.example.com"))));
        assert_eq!(target("other.example.com"), Some(Target::Cname(host("star.example.com"))));
        assert_eq!(target("a.b.example.com"), Some(Target::Cname(host("star.example.com"))));
        assert_eq!(target("x.sub.example.com"), Some(Target::Cname(host("star.sub.example.com"))));
    }

    /// RFC 4592, 2.2.1 and 2.2.2: what exists, even without addresses, is not spoken for by a wildcard above it.
    #[test]
    fn a_wildcard_does_not_speak_below_an_existing_name() {
        let names = names(&["*.example.com", "host1.example.com", "a.b.example.com"]);
        assert_eq!(names.find("below.host1.example.com"), None);
        assert_eq!(names.find("b.example.com"), Some(&Name::Empty));
        assert_eq!(names.find("c.b.example.com"), None);
        assert_eq!(names.find("example.com"), Some(&Name::Empty));
    }

    #[test]
    fn names_of_other_zones_are_never_found() {
        let names = names(&["*.example.com", "www.example.org"]);
        assert_eq!(names.find("www.example.org"), None);
        assert_eq!(names.find("badexample.com"), None);
        assert_eq!(names.find("com"), None);
    }

    #[test]
    fn an_order_of_insertion_does_not_matter() {
        assert_eq!(
            names(&["a.b.example.com", "b.example.com"]),
            names(&["b.example.com", "a.b.example.com"])
        );
    }
}
