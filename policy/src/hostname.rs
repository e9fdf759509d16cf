//! Host names: parsed once, lower case, ASCII, without the trailing dot; never a bare string after that.

use std::{borrow::Borrow, fmt, sync::Arc};

/// Longest name in bytes, without the trailing dot (RFC 1035, 2.3.4).
pub const NAME_BYTES_MAX: usize = 253;
/// Longest label in bytes (RFC 1035, 2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;

/// A host name such as `api.example.com`, or a pattern such as `*.example.com` if it was read by [`Hostname::parse_pattern`].
///
/// Labels hold letters, digits, `-` and `_` (underscores occur in service names). International names are kept in their
/// ASCII form (RFC 5891).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hostname(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHostname {
    #[error("a host name may not be empty")]
    Empty,
    #[error("a host name has at most {NAME_BYTES_MAX} bytes")]
    TooLong,
    #[error("each label of a host name has 1 to {LABEL_BYTES_MAX} bytes")]
    LabelLength,
    #[error("a host name holds letters, digits, '-', '_' and '.' only")]
    Character,
    #[error("a label may not begin or end with '-'")]
    Hyphen,
    #[error("'*' may only stand alone as the first label")]
    Wildcard,
    #[error("an IP address is not a host name")]
    Address,
}

impl Hostname {
    /// Reads a name without wildcard, in any case, with or without the trailing dot.
    pub fn parse(text: &str) -> Result<Self, InvalidHostname> {
        let name = Self::parse_pattern(text)?;
        if name.is_wildcard() { Err(InvalidHostname::Wildcard) } else { Ok(name) }
    }

    /// Reads a name whose first label may be `*` (RFC 4592, 2.1.1).
    pub fn parse_pattern(text: &str) -> Result<Self, InvalidHostname> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(InvalidHostname::Empty);
        }
        if text.len() > 4 * NAME_BYTES_MAX {
            return Err(InvalidHostname::TooLong);
        }
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| InvalidHostname::Character)?
        };
        check(&ascii)?;
        Ok(Self(ascii.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether this name is `zone` or lies below it.
    pub fn is_within(&self, zone: &Self) -> bool {
        is_within(&self.0, &zone.0)
    }

    /// Whether a certificate or rule for this name speaks for `host`. A wildcard covers exactly one label (RFC 9525, 6.3).
    pub fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix("*.") {
            Some(rest) => {
                host.split_once('.').is_some_and(|(first, parent)| !first.is_empty() && parent == rest)
            }
            None => host == &*self.0,
        }
    }
}

/// Whether `name` is `zone` or lies below it; both lower case and without trailing dot.
pub fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The name without its first label: `example.com` for `api.example.com`, nothing for `com`.
pub fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest)
}

fn check(name: &str) -> Result<(), InvalidHostname> {
    if name.len() > NAME_BYTES_MAX {
        return Err(InvalidHostname::TooLong);
    }
    for (position, label) in name.split('.').enumerate() {
        check_label(label, position == 0 && name.len() > 1)?;
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidHostname::Address);
    }
    Ok(())
}

fn check_label(label: &str, may_be_wildcard: bool) -> Result<(), InvalidHostname> {
    if label.is_empty() || label.len() > LABEL_BYTES_MAX {
        return Err(InvalidHostname::LabelLength);
    }
    if label == "*" && may_be_wildcard {
        return Ok(());
    }
    if label.contains('*') {
        return Err(InvalidHostname::Wildcard);
    }
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(InvalidHostname::Character);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(InvalidHostname::Hyphen);
    }
    Ok(())
}

impl Borrow<str> for Hostname {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Hostname {
    type Err = InvalidHostname;

    fn from_str(text: &str) -> Result<Self, InvalidHostname> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_the_trailing_dot_do_not_matter() {
        assert_eq!(Hostname::parse("API.Example.com."), Hostname::parse("api.example.com"));
    }

    #[test]
    fn international_names_are_kept_in_ascii() {
        assert_eq!(
            Hostname::parse("bücher.example").map(|name| name.to_string()),
            Ok("xn--bcher-kva.example".into())
        );
    }

    #[test]
    fn each_kind_of_bad_name_is_told_apart() {
        let long = format!("{}.com", "a.".repeat(130));
        for (text, error) in [
            ("", InvalidHostname::Empty),
            (".", InvalidHostname::Empty),
            (long.as_str(), InvalidHostname::TooLong),
            ("a..com", InvalidHostname::LabelLength),
            (&format!("{}.com", "a".repeat(64)), InvalidHostname::LabelLength),
            ("a b.com", InvalidHostname::Character),
            ("a\0.com", InvalidHostname::Character),
            ("-a.com", InvalidHostname::Hyphen),
            ("a.*.com", InvalidHostname::Wildcard),
            ("*.com.example", InvalidHostname::Wildcard),
            ("192.0.2.1", InvalidHostname::Address),
        ] {
            assert_eq!(Hostname::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_wildcard_covers_exactly_one_label() {
        let pattern = Hostname::parse_pattern("*.example.com").expect("a pattern");
        assert!(pattern.covers("api.example.com"));
        assert!(!pattern.covers("example.com"));
        assert!(!pattern.covers("a.b.example.com"));
        assert!(!pattern.covers(".example.com"));
    }

    #[test]
    fn a_suffix_without_a_dot_is_another_name() {
        assert!(is_within("api.example.com", "example.com"));
        assert!(is_within("example.com", "example.com"));
        assert!(!is_within("badexample.com", "example.com"));
    }
}
