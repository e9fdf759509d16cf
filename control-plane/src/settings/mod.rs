//! The settings that a zone has. One table says what each is called, what it may be, what it is at first and whether nodes
//! enforce it; parsing, lists, descriptions and documents follow from it. Pure.

mod describe;
mod in_force;
mod kind;
mod read;
mod table;

pub use describe::{Allowed, summary};
pub use in_force::{Enforced, Impossible, changed};
pub use kind::{Kind, Whole};

use serde_json::Value;
use table::TABLE;

/// A setting of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingId(usize);

/// A row of the table.
struct Definition {
    id: &'static str,
    kind: Kind,
    effect: Effect,
    /// What people should know besides.
    note: &'static str,
}

enum Effect {
    /// Nodes act on what this makes of an accepted value; `None` refuses the value after all.
    Enforced(fn(&Value) -> Option<Enforced>),
    /// It is kept and shown, and changes nothing.
    Kept,
}

impl SettingId {
    pub const GRPC: Self = Self::named("grpc");
    pub const MIN_TLS_VERSION: Self = Self::named("min_tls_version");
    pub const ORIGIN_MAX_HTTP_VERSION: Self = Self::named("origin_max_http_version");
    pub const SSL: Self = Self::named("ssl");
    pub const TLS_1_2_ONLY: Self = Self::named("tls_1_2_only");
    pub const TLS_1_3: Self = Self::named("tls_1_3");

    /// All settings, ordered by their ids.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len()).map(Self)
    }

    pub fn parse(text: &str) -> Option<Self> {
        TABLE.binary_search_by_key(&text, |definition| definition.id).ok().map(Self)
    }

    /// A name that is missing in the table stops the compiler.
    const fn named(id: &str) -> Self {
        let mut at = 0;
        while !same(TABLE[at].id.as_bytes(), id.as_bytes()) {
            at += 1;
        }
        Self(at)
    }

    pub fn as_str(self) -> &'static str {
        self.definition().id
    }

    pub fn kind(self) -> Kind {
        self.definition().kind
    }

    /// What the setting is until it is changed.
    pub fn default(self) -> Value {
        self.kind().default()
    }

    /// What else there is to know; may be empty.
    pub fn note(self) -> &'static str {
        self.definition().note
    }

    /// Whether nodes enforce it. Otherwise it is kept and shown, and changes nothing.
    pub fn is_enforced(self) -> bool {
        matches!(self.definition().effect, Effect::Enforced(_))
    }

    /// Whether it can be anything but its default.
    pub fn is_editable(self) -> bool {
        !matches!(self.kind(), Kind::Fixed(_))
    }

    fn definition(self) -> &'static Definition {
        &TABLE[self.0]
    }
}

/// `==`, which cannot be used where constants are made.
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// A value that its setting accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    id: SettingId,
    value: Value,
    enforced: Option<Enforced>,
}

impl Setting {
    /// Reads a value in the form of the API, which is also the form of the rows. `None` if the setting cannot be that.
    pub fn new(id: SettingId, value: &Value) -> Option<Self> {
        let value = id.kind().accept(value)?;
        let enforced = match id.definition().effect {
            Effect::Enforced(read) => Some(read(&value)?),
            Effect::Kept => None,
        };
        Some(Self { id, value, enforced })
    }

    pub fn grpc(on: bool) -> Self {
        Self { id: SettingId::GRPC, value: kind::switch(on), enforced: Some(Enforced::Grpc(on)) }
    }

    pub fn id(&self) -> SettingId {
        self.id
    }

    /// As it was sent, except that whole numbers are numbers.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// `None` if it changes nothing on nodes.
    pub fn enforced(&self) -> Option<Enforced> {
        self.enforced
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::settings::Settings;

    #[test]
    fn the_table_is_in_order_and_finds_each_of_its_rows() {
        assert!(TABLE.is_sorted_by(|a, b| a.id < b.id));
        for id in SettingId::all() {
            assert_eq!(SettingId::parse(id.as_str()), Some(id));
        }
        assert_eq!(SettingId::parse("grpc_over_pigeons"), None);
        assert_eq!(SettingId::GRPC.as_str(), "grpc");
    }

    #[test]
    fn every_default_is_accepted_as_it_is() {
        for id in SettingId::all() {
            let setting = Setting::new(id, &id.default());
            assert_eq!(setting.as_ref().map(Setting::value), Some(&id.default()), "{}", id.as_str());
        }
    }

    /// Otherwise a zone would change when somebody writes what was shown.
    #[test]
    fn the_defaults_of_the_table_are_those_of_the_nodes() {
        let defaults = SettingId::all().filter_map(|id| Setting::new(id, &id.default())?.enforced());
        let defaults: Vec<_> = defaults.collect();
        assert_eq!(defaults.len(), SettingId::all().filter(|id| id.is_enforced()).count());
        assert_eq!(changed(Settings::default(), defaults).ok(), Some(Settings::default()));
    }
}
