//! What the contents of structured types consist of.

use super::{form::Form, loc};
use crate::db::records::RecordKind;

/// A part of a content, by the name that it has in `data`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// How what may be left out is read.
    pub(super) default: Option<&'static str>,
}

impl Part {
    pub(super) const fn new(name: &'static str, form: Form) -> Self {
        Self { name, form, default: None }
    }

    pub(super) const fn optional(name: &'static str, form: Form, default: &'static str) -> Self {
        Self { name, form, default: Some(default) }
    }
}

const BYTE: Form = Form::Number(255);
const SHORT: Form = Form::Number(65_535);

const SRV: &[Part] = &[Part::new("weight", SHORT), Part::new("port", SHORT), Part::new("target", Form::Name)];
const URI: &[Part] = &[Part::new("weight", SHORT), Part::new("target", Form::Text)];
const CAA: &[Part] = &[Part::new("flags", BYTE), Part::new("tag", Form::Tag), Part::new("value", Form::Text)];
const SERVICE: &[Part] = &[
    Part::new("priority", SHORT),
    Part::new("target", Form::Target),
    Part::optional("value", Form::Parameters, ""),
];
const ASSOCIATION: &[Part] = &[
    Part::new("usage", BYTE),
    Part::new("selector", BYTE),
    Part::new("matching_type", BYTE),
    Part::new("certificate", Form::Hex),
];
const NAPTR: &[Part] = &[
    Part::new("order", SHORT),
    Part::new("preference", SHORT),
    Part::optional("flags", Form::Quoted, ""),
    Part::optional("service", Form::Quoted, ""),
    Part::optional("regex", Form::Quoted, ""),
    Part::optional("replacement", Form::Target, "."),
];
const DS: &[Part] = &[
    Part::new("key_tag", SHORT),
    Part::new("algorithm", BYTE),
    Part::new("digest_type", BYTE),
    Part::new("digest", Form::Hex),
];
const DNSKEY: &[Part] = &[
    Part::new("flags", SHORT),
    Part::new("protocol", BYTE),
    Part::new("algorithm", BYTE),
    Part::new("public_key", Form::Base64),
];
const CERT: &[Part] = &[
    Part::new("type", SHORT),
    Part::new("key_tag", SHORT),
    Part::new("algorithm", BYTE),
    Part::new("certificate", Form::Base64),
];
const SSHFP: &[Part] =
    &[Part::new("algorithm", BYTE), Part::new("type", BYTE), Part::new("fingerprint", Form::Hex)];

/// The parts of a type that has some, in the order of the content.
pub(super) fn parts(kind: RecordKind) -> Option<&'static [Part]> {
    Some(match kind {
        RecordKind::Srv => SRV,
        RecordKind::Uri => URI,
        RecordKind::Caa => CAA,
        RecordKind::Https | RecordKind::Svcb => SERVICE,
        RecordKind::Tlsa | RecordKind::Smimea => ASSOCIATION,
        RecordKind::Naptr => NAPTR,
        RecordKind::Loc => &loc::PARTS,
        RecordKind::Ds => DS,
        RecordKind::Dnskey => DNSKEY,
        RecordKind::Cert => CERT,
        RecordKind::Sshfp => SSHFP,
        RecordKind::A
        | RecordKind::Aaaa
        | RecordKind::Cname
        | RecordKind::Txt
        | RecordKind::Mx
        | RecordKind::Ns
        | RecordKind::Ptr
        | RecordKind::Openpgpkey => return None,
    })
}
