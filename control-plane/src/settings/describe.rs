//! The table in words, for people and for programs.

use super::{Kind, SettingId, Whole};
use policy::settings::Cipher;

/// Which settings do something and which do not.
pub fn summary() -> String {
    let (enforced, kept): (Vec<SettingId>, Vec<SettingId>) =
        SettingId::all().partition(|id| id.is_enforced());
    let names = |ids: Vec<SettingId>| {
        ids.iter().map(|id| format!("`{}`", id.as_str())).collect::<Vec<_>>().join(", ")
    };
    format!(
        "Nodes enforce {}.\n\nThese are kept and shown, and have no effect: {}.",
        names(enforced),
        names(kept)
    )
}

/// Completes the sentence "it must be …".
pub struct Allowed(pub Kind);

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Kind::Switch(_) | Kind::TimedSwitch { .. } => f.write_str("`on` or `off`"),
            Kind::Enrolment(_) => f.write_str("`on`, `off`, true or false"),
            Kind::OneOf { options, .. } => {
                f.write_str(&either(options.iter().map(|text| format!("`{text}`"))))
            }
            Kind::Fixed(text) => write!(f, "`{text}`"),
            Kind::Flag(_) => f.write_str("true or false"),
            Kind::Whole { allowed, .. } | Kind::Digits { allowed, .. } => match allowed {
                Whole::Between(from, to) => write!(f, "a whole number from {from} to {to}"),
                Whole::OneOf(numbers) => f.write_str(&either(numbers.iter().map(i64::to_string))),
            },
            Kind::Text { bytes_max, .. } => write!(f, "a text of at most {bytes_max} bytes"),
            Kind::Texts { items_max, bytes_max } => {
                write!(f, "a list of at most {items_max} texts of at most {bytes_max} bytes each")
            }
            Kind::Ciphers => {
                let usable = either(Cipher::ALL.iter().map(|cipher| format!("`{}`", cipher.as_str())));
                write!(
                    f,
                    "a list of OpenSSL's names of cipher suites, empty or with at least one that nodes have: {usable}"
                )
            }
            Kind::Object(fields) => {
                let fields = fields.iter().map(|(name, kind)| format!("`{name}` ({})", Self(*kind)));
                write!(f, "an object with {}", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// `a, b or c`.
fn either(options: impl Iterator<Item = String>) -> String {
    let mut options: Vec<String> = options.collect();
    match options.pop() {
        Some(last) if !options.is_empty() => format!("{} or {last}", options.join(", ")),
        Some(last) => last,
        None => String::new(),
    }
}
