//! The parameters of SVCB and HTTPS records (RFC 9460, 2.1 and appendix A), such as `alpn="h3,h2" port="443"`.

use super::words::{Word, quoted, words};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The registered keys, each at its number.
const KEYS: [&str; 9] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"];

type Wrong = String;

/// Reads parameters and prints them in the one way in which they are kept: in their order, with every value in quotes.
pub(super) fn read(words: &[Word<'_>]) -> Result<String, Wrong> {
    let words = words.iter().filter(|word| !word.written().is_empty());
    let parameters = words.map(|word| parameter(*word)).collect::<Result<Vec<_>, _>>()?;
    let mut numbers: Vec<u16> = parameters.iter().map(|parameter| parameter.number).collect();
    numbers.sort_unstable();
    if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("holds {} twice", key(twice[0])));
    }
    for parameter in &parameters {
        parameter.check(&numbers)?;
    }
    Ok(parameters.iter().map(Parameter::print).collect::<Vec<_>>().join(" "))
}

/// The form in which equal parameters are equal: in the order of their numbers.
pub(super) fn compared(text: &str) -> String {
    let Ok(words) = words(text) else { return text.to_owned() };
    let mut parameters: Vec<_> = words.into_iter().filter_map(|word| parameter(word).ok()).collect();
    parameters.sort_by_key(|parameter| parameter.number);
    parameters.iter().map(Parameter::print).collect::<Vec<_>>().join(" ")
}

struct Parameter {
    number: u16,
    value: Option<String>,
}

fn parameter(word: Word<'_>) -> Result<Parameter, Wrong> {
    let text = word.text().map_err(|broken| broken.to_string())?;
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text, None),
    };
    let number = number(&name)
        .ok_or_else(|| format!("holds the unknown key {name:?}; write one without a name as key65001"))?;
    Ok(Parameter { number, value: value.filter(|value| !value.is_empty()) })
}

fn number(name: &str) -> Option<u16> {
    let known = KEYS.iter().position(|key| key.eq_ignore_ascii_case(name));
    let digits = || name.strip_prefix("key").filter(|digits| *digits == "0" || !digits.starts_with('0'));
    known.and_then(|number| u16::try_from(number).ok()).or_else(|| digits()?.parse().ok())
}

fn key(number: u16) -> String {
    KEYS.get(usize::from(number)).map_or_else(|| format!("key{number}"), |key| (*key).to_owned())
}

impl Parameter {
    fn print(&self) -> String {
        let key = key(self.number);
        self.value.as_ref().map_or_else(|| key.clone(), |value| format!("{key}={}", quoted(value)))
    }

    /// Judges the value; `all` are the numbers of all parameters.
    fn check(&self, all: &[u16]) -> Result<(), Wrong> {
        let value = self.value.as_deref();
        let items = || value.into_iter().flat_map(|value| value.split(','));
        let is_good = match self.number {
            0 => {
                let named =
                    |item: &str| number(item).is_some_and(|number| number != 0 && all.contains(&number));
                value.is_some() && items().all(named)
            }
            1 => value.is_some() && items().all(|item| !item.is_empty() && item.len() <= 255),
            2 => value.is_none() && all.contains(&1),
            3 => value.is_some_and(|value| value.parse::<u16>().is_ok()),
            4 => value.is_some() && items().all(|item| item.parse::<Ipv4Addr>().is_ok()),
            5 => value.is_some_and(|value| BASE64.decode(value).is_ok()),
            6 => value.is_some() && items().all(|item| item.parse::<Ipv6Addr>().is_ok()),
            7 => value.is_some_and(|value| value.starts_with('/') && value.contains("{?dns}")),
            8 => value.is_none(),
            _ => true,
        };
        let expected = match self.number {
            0 => "names the keys that are present and must be understood",
            1 => "names protocols, with commas between them",
            2 => "has no value and needs alpn beside it",
            3 => "is a port from 0 to 65535",
            4 => "holds IPv4 addresses, with commas between them",
            5 => "is base64",
            6 => "holds IPv6 addresses, with commas between them",
            7 => "is a URI template with {?dns}, relative to the host",
            _ => "has no value",
        };
        if is_good { Ok(()) } else { Err(format!("is invalid: {} {expected}", key(self.number))) }
    }
}
