//! Contents that consist of parts: from text or `data` to either. `layout` says what each type has, `form` how each part looks.

mod form;
mod layout;
mod loc;
mod parameters;
#[cfg(test)]
mod tests;
mod words;

pub(super) use form::{absolute, compared_name, fqdn};
pub(super) use words::{BrokenWord, STRING_BYTES_MAX, Word, quoted, words};

use crate::db::records::RecordKind;
use form::{Value, Wrong};
use layout::Part;
use serde_json::{Map, Value as Json, json};

/// The parts of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Data {
    kind: RecordKind,
    values: Vec<Value>,
}

/// What is wrong with a content or a `data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadData {
    /// The part at fault, unless it is the whole.
    pub(super) part: Option<&'static str>,
    /// Goes on after the name of the part.
    pub(super) what: String,
}

impl Data {
    /// Reads the words of a content without its priority, unless the priority belongs to the parts. With an origin (and the dot
    /// at its end), the words are those of a zone file. None if contents of this type have no parts.
    pub(super) fn read(
        kind: RecordKind,
        words: &[Word<'_>],
        origin: Option<&str>,
    ) -> Option<Result<Self, BadData>> {
        let parts = layout::parts(kind)?;
        let complete = if kind == RecordKind::Loc { loc::complete(words) } else { words.to_vec() };
        Some(Self::read_parts(kind, parts, &complete, origin))
    }

    fn read_parts(
        kind: RecordKind,
        parts: &[Part],
        words: &[Word<'_>],
        origin: Option<&str>,
    ) -> Result<Self, BadData> {
        let mut rest = words;
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            let taken = if part.form.takes_the_rest() { rest.len() } else { rest.len().min(1) };
            let (own, left) = rest.split_at(taken);
            rest = left;
            let read = match (own, part.default) {
                ([], None) => Err("is missing".to_owned()),
                ([], Some(default)) => part.form.read(&[Word::plain(default)], None),
                (words, _) => part.form.read(words, origin),
            };
            values.push(read.map_err(bad(part))?);
        }
        if rest.is_empty() {
            return Self { kind, values }.checked();
        }
        let names: Vec<_> = parts.iter().map(|part| part.name).collect();
        Err(BadData { part: None, what: format!("holds more than {}", names.join(", ")) })
    }

    /// Reads `data`. Fields that belong to no part are ignored.
    pub(super) fn from_json(kind: RecordKind, fields: &Map<String, Json>) -> Option<Result<Self, BadData>> {
        let parts = layout::parts(kind)?;
        let value = |part: &Part| match (fields.get(part.name), part.default) {
            (None | Some(Json::Null), None) => Err("is a required data field".to_owned()),
            (None | Some(Json::Null), Some(default)) => part.form.read(&[Word::plain(default)], None),
            (Some(value), _) => part.form.read_json(value),
        };
        let values = parts.iter().map(|part| value(part).map_err(bad(part))).collect::<Result<_, _>>();
        Some(values.and_then(|values| Self { kind, values }.checked()))
    }

    fn checked(self) -> Result<Self, BadData> {
        if self.kind == RecordKind::Loc {
            loc::check(&self.values).map_err(|(part, what)| BadData { part: Some(part), what })?;
        }
        Ok(self)
    }

    /// The text of the content.
    pub(super) fn content(&self) -> String {
        self.printed(|part, value| part.form.print(value))
    }

    /// The content as it stands in a zone file, where names are absolute.
    pub(super) fn line(&self) -> String {
        self.printed(|part, value| part.form.print_absolute(value))
    }

    /// What equal contents have in common.
    pub(super) fn compared(&self) -> String {
        self.printed(|part, value| part.form.compared(value))
    }

    /// `data` as callers see it. An SRV record has its priority among it.
    pub(super) fn json(&self, priority: Option<u16>) -> Json {
        let mut fields: Map<String, Json> =
            self.parts().map(|(part, value)| (part.name.to_owned(), part.form.json(value))).collect();
        if self.kind == RecordKind::Srv {
            fields.insert("priority".into(), json!(priority));
        }
        Json::Object(fields)
    }

    fn parts(&self) -> impl Iterator<Item = (&'static Part, &Value)> {
        layout::parts(self.kind).unwrap_or_default().iter().zip(&self.values)
    }

    fn printed(&self, print: impl Fn(&Part, &Value) -> String) -> String {
        let printed: Vec<String> = self.parts().map(|(part, value)| print(part, value)).collect();
        printed.join(" ").trim_end().to_owned()
    }
}

/// How many parts contents of this type have; of most types, none.
pub(super) fn parts_of(kind: RecordKind) -> usize {
    layout::parts(kind).map_or(0, <[Part]>::len)
}

fn bad(part: &Part) -> impl FnOnce(Wrong) -> BadData {
    let part = Some(part.name);
    move |what| BadData { part, what }
}
