//! What a setting may be.

use crate::whole::whole;
use serde_json::{Map, Value, json};

/// The names of the cipher suites that may be asked for, as OpenSSL and BoringSSL call them.
/// Those that nodes lack may stand beside those that they have.
const CIPHERS: [&str; 24] = [
    "AEAD-AES128-GCM-SHA256",
    "AEAD-AES256-GCM-SHA384",
    "AEAD-CHACHA20-POLY1305-SHA256",
    "AES128-GCM-SHA256",
    "AES128-SHA",
    "AES128-SHA256",
    "AES256-GCM-SHA384",
    "AES256-SHA",
    "AES256-SHA256",
    "DES-CBC3-SHA",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

/// What a setting, or a field of one, may be, and what it is at first.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `on` or `off`.
    Switch(bool),
    /// A switch that turns itself off after so many seconds.
    TimedSwitch {
        seconds: i64,
    },
    /// A switch that may be sent as a boolean, and is shown as both.
    Enrolment(bool),
    /// One of these texts.
    OneOf {
        options: &'static [&'static str],
        default: &'static str,
    },
    /// This text: what only the operator of an edge could change.
    Fixed(&'static str),
    Flag(bool),
    Whole {
        allowed: Whole,
        default: i64,
    },
    /// A number that is shown as it was sent, number or text, and as a text until then. Clients disagree about which it is.
    Digits {
        allowed: Whole,
        default: i64,
    },
    Text {
        bytes_max: usize,
        default: &'static str,
    },
    /// Texts, none at first.
    Texts {
        items_max: usize,
        bytes_max: usize,
    },
    /// Names of cipher suites, none at first, which means all.
    Ciphers,
    /// An object with some of these fields.
    Object(&'static [(&'static str, Self)]),
}

/// Which whole numbers.
#[derive(Debug, Clone, Copy)]
pub enum Whole {
    /// Both ends are allowed.
    Between(i64, i64),
    OneOf(&'static [i64]),
}

impl Kind {
    pub fn default(self) -> Value {
        match self {
            Self::Switch(on) | Self::Enrolment(on) => switch(on),
            Self::TimedSwitch { .. } => switch(false),
            Self::OneOf { default, .. } | Self::Text { default, .. } | Self::Fixed(default) => json!(default),
            Self::Flag(set) => json!(set),
            Self::Whole { default, .. } => json!(default),
            Self::Digits { default, .. } => json!(default.to_string()),
            Self::Texts { .. } | Self::Ciphers => json!([]),
            Self::Object(fields) => {
                fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.default())).collect()
            }
        }
    }

    /// The value in the form in which it is kept and shown.
    pub fn accept(self, value: &Value) -> Option<Value> {
        match self {
            Self::Switch(_) | Self::TimedSwitch { .. } => one_of(&["on", "off"], value),
            Self::Enrolment(_) => value.as_bool().map(switch).or_else(|| one_of(&["on", "off"], value)),
            Self::OneOf { options, .. } => one_of(options, value),
            Self::Fixed(text) => one_of(&[text], value),
            Self::Flag(_) => value.as_bool().map(Value::Bool),
            Self::Whole { allowed, .. } => allowed.accept(value).map(Value::from),
            Self::Digits { allowed, .. } => {
                let number = allowed.accept(value)?;
                Some(if value.is_string() { json!(number.to_string()) } else { json!(number) })
            }
            Self::Text { bytes_max, .. } => text(value, bytes_max),
            Self::Texts { items_max, bytes_max } => list(value, items_max, |item| text(item, bytes_max)),
            Self::Ciphers => list(value, CIPHERS.len(), |item| one_of(&CIPHERS, item)),
            Self::Object(fields) => object(fields, value),
        }
    }
}

impl Whole {
    fn accept(self, value: &Value) -> Option<i64> {
        let number = whole(value)?;
        let allowed = match self {
            Self::Between(from, to) => (from..=to).contains(&number),
            Self::OneOf(numbers) => numbers.contains(&number),
        };
        allowed.then_some(number)
    }
}

pub(super) fn switch(on: bool) -> Value {
    json!(if on { "on" } else { "off" })
}

fn one_of(options: &[&str], value: &Value) -> Option<Value> {
    options.contains(&value.as_str()?).then(|| value.clone())
}

fn text(value: &Value, bytes_max: usize) -> Option<Value> {
    (value.as_str()?.len() <= bytes_max).then(|| value.clone())
}

fn list(value: &Value, items_max: usize, accept: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    let items = value.as_array()?;
    if items.len() > items_max { None } else { items.iter().map(accept).collect() }
}

fn object(fields: &[(&str, Kind)], value: &Value) -> Option<Value> {
    let accept = |(name, value): (&String, &Value)| {
        let (_, kind) = fields.iter().find(|(field, _)| field == name)?;
        Some((name.clone(), kind.accept(value)?))
    };
    value.as_object()?.iter().map(accept).collect::<Option<Map<_, _>>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_written_in_three_ways_and_are_kept_in_one() {
        let kind = Kind::Whole { allowed: Whole::Between(1, 1000), default: 100 };
        for one in [json!(7), json!(7.0), json!("7")] {
            assert_eq!(kind.accept(&one), Some(json!(7)));
        }
        for wrong in [json!(0), json!(1001), json!(1.5), json!("x"), json!(""), json!(true), json!(null)] {
            assert_eq!(kind.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn digits_stay_what_they_were() {
        let kind = Kind::Digits { allowed: Whole::Between(1, 6000), default: 125 };
        assert_eq!(kind.default(), json!("125"));
        assert_eq!(kind.accept(&json!(300.0)), Some(json!(300)));
        assert_eq!(kind.accept(&json!("300")), Some(json!("300")));
        assert_eq!(kind.accept(&json!("6001")), None);
    }

    #[test]
    fn objects_are_kept_with_the_fields_that_were_sent_and_no_others_are_taken() {
        const HEADER: Kind =
            Kind::Object(&[("max_age", Kind::Whole { allowed: Whole::Between(0, 10), default: 0 })]);
        let kind = Kind::Object(&[("enabled", Kind::Flag(false)), ("header", HEADER)]);
        assert_eq!(kind.default(), json!({"enabled": false, "header": {"max_age": 0}}));
        for sent in [json!({}), json!({"enabled": true}), json!({"header": {"max_age": 3}})] {
            assert_eq!(kind.accept(&sent), Some(sent));
        }
        for wrong in
            [json!({"enabled": "on"}), json!({"x": 1}), json!({"header": {"max_age": 11}}), json!([])]
        {
            assert_eq!(kind.accept(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_and_texts_have_limits() {
        let kind = Kind::Texts { items_max: 2, bytes_max: 3 };
        assert_eq!(kind.accept(&json!(["a", "bcd"])), Some(json!(["a", "bcd"])));
        for wrong in [json!(["a", "b", "c"]), json!(["abcd"]), json!([1]), json!("a")] {
            assert_eq!(kind.accept(&wrong), None, "{wrong}");
        }
        assert_eq!(Kind::Ciphers.accept(&json!(["AES128-SHA", "NO-SUCH"])), None);
    }
}
