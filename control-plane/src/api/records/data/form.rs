//! The forms that the parts of a content have: how each is read from a word or from JSON, printed, and compared.

use super::{
    parameters,
    words::{STRING_BYTES_MAX, Word, quoted},
};
use crate::api::body::Whole;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use policy::hostname::Hostname;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole number up to this one.
    Number(u32),
    /// A number with so many decimals at most, between two that are given in units of the last decimal.
    Decimal { decimals: u32, min: i64, max: i64 },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A host name, or `.` for none.
    Name,
    /// The same, kept with the dot at its end if it was sent with one, as clients of these types expect.
    Target,
    /// Letters and digits.
    Tag,
    /// A character-string.
    Quoted,
    /// A text of any length, in quotes.
    Text,
    /// Bytes in hexadecimal. Takes all words that are left.
    Hex,
    /// Bytes in base64. Takes all words that are left.
    Base64,
    /// Service parameters (RFC 9460, 2.1). Takes all words that are left.
    Parameters,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Number(u32),
    /// In units of the last decimal.
    Decimal(i64),
    Text(String),
}

/// What is wrong with a value, to go on after the name of its part.
pub(super) type Wrong = String;

impl Form {
    fn is_name(self) -> bool {
        matches!(self, Self::Name | Self::Target)
    }

    pub(super) fn takes_the_rest(self) -> bool {
        matches!(self, Self::Hex | Self::Base64 | Self::Parameters)
    }

    /// Reads words of which there is one, or any number if the form takes the rest. Without `origin`, names are as they are
    /// in a content: whole, with or without the last dot; with one, as they are in a zone file.
    pub(super) fn read(self, words: &[Word<'_>], origin: Option<&str>) -> Result<Value, Wrong> {
        if self == Self::Parameters {
            return parameters::read(words).map(Value::Text);
        }
        let texts = words.iter().map(|word| word.text()).collect::<Result<Vec<_>, _>>();
        let text = texts.map_err(|broken| broken.to_string())?.concat();
        match origin {
            Some(origin) if self.is_name() => self.parse(&absolute(&text, origin)),
            _ => self.parse(&text),
        }
    }

    pub(super) fn read_json(self, value: &Json) -> Result<Value, Wrong> {
        match (self, value) {
            (Self::Number(_), _) => match Whole::deserialize(value) {
                Ok(Whole(number)) => self.parse(&number.to_string()),
                Err(_) => self.parse(""),
            },
            (Self::Decimal { .. }, Json::Number(number)) => self.parse(&number.to_string()),
            (Self::Parameters, Json::String(text)) => {
                parameters::read(&super::words(text).map_err(|broken| broken.to_string())?).map(Value::Text)
            }
            (_, Json::String(text)) => self.parse(text),
            _ => Err("must be a text".into()),
        }
    }

    fn parse(self, text: &str) -> Result<Value, Wrong> {
        let kept = || Value::Text(text.to_owned());
        match self {
            Self::Number(max) => {
                let number = text.parse().ok().filter(|number| *number <= max);
                number.map(Value::Number).ok_or_else(|| format!("must be a whole number from 0 to {max}"))
            }
            Self::Decimal { decimals, min, max } => decimal(text, decimals, min, max),
            Self::Choice(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text));
                word.map(|word| Value::Text((*word).to_owned()))
                    .ok_or_else(|| format!("must be {}", words.join(" or ")))
            }
            Self::Name | Self::Target if text == "." => Ok(kept()),
            Self::Name | Self::Target => match Hostname::parse(text) {
                Ok(_) if self == Self::Target => Ok(kept()),
                Ok(_) => Ok(Value::Text(text.strip_suffix('.').unwrap_or(text).to_owned())),
                Err(error) => Err(format!("must be a host name: {error}")),
            },
            Self::Tag if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(kept())
            }
            Self::Tag => Err("must be letters and digits".into()),
            Self::Quoted | Self::Text if text.chars().any(char::is_control) => {
                Err("must not hold control characters".into())
            }
            Self::Quoted if text.len() > STRING_BYTES_MAX => {
                Err(format!("has at most {STRING_BYTES_MAX} bytes"))
            }
            Self::Quoted | Self::Text => Ok(kept()),
            Self::Hex => {
                let digits: String = text.split_whitespace().collect();
                let is_hex = !digits.is_empty() && hex::decode(&digits).is_ok();
                if is_hex { Ok(Value::Text(digits)) } else { Err("must be bytes in hexadecimal".into()) }
            }
            Self::Base64 => {
                let digits: String = text.split_whitespace().collect();
                let is_base64 = !digits.is_empty() && BASE64.decode(&digits).is_ok();
                if is_base64 { Ok(Value::Text(digits)) } else { Err("must be bytes in base64".into()) }
            }
            Self::Parameters => {
                parameters::read(&super::words(text).map_err(|broken| broken.to_string())?).map(Value::Text)
            }
        }
    }

    /// The value as it stands in a content.
    pub(super) fn print(self, value: &Value) -> String {
        match value {
            Value::Number(number) => number.to_string(),
            Value::Decimal(number) => self.print_decimal(*number),
            Value::Text(text) if matches!(self, Self::Quoted | Self::Text) => quoted(text),
            Value::Text(text) => text.clone(),
        }
    }

    /// The value as it stands in a zone file, where names are absolute.
    pub(super) fn print_absolute(self, value: &Value) -> String {
        match value {
            Value::Text(name) if self.is_name() => fqdn(name),
            _ => self.print(value),
        }
    }

    fn print_decimal(self, number: i64) -> String {
        let Self::Decimal { decimals, .. } = self else { return number.to_string() };
        let unit = 10_u64.pow(decimals);
        let (sign, number) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
        format!("{sign}{}.{:0width$}", number / unit, number % unit, width = decimals as usize)
    }

    pub(super) fn json(self, value: &Value) -> Json {
        match value {
            Value::Number(number) => json!(number),
            Value::Decimal(number) => {
                let printed = self.print_decimal(*number);
                let short = printed.trim_end_matches('0').trim_end_matches('.');
                serde_json::from_str(short).unwrap_or(Json::Null)
            }
            Value::Text(text) => json!(text),
        }
    }

    /// The form in which equal values are equal, however they are written.
    pub(super) fn compared(self, value: &Value) -> String {
        match (self, value) {
            (Self::Name | Self::Target, Value::Text(name)) => compared_name(name),
            (Self::Hex | Self::Tag, Value::Text(text)) => text.to_ascii_lowercase(),
            (Self::Parameters, Value::Text(text)) => parameters::compared(text),
            _ => self.print(value),
        }
    }
}

/// A name as it is compared: lower case, and international labels in punycode.
pub(in super::super) fn compared_name(name: &str) -> String {
    Hostname::parse(name).map_or_else(|_| name.to_owned(), |name| name.to_string())
}

/// A name as it is printed in a zone file.
pub(in super::super) fn fqdn(name: &str) -> String {
    let name = if name.is_ascii() { name.to_owned() } else { compared_name(name) };
    if name.ends_with('.') { name } else { name + "." }
}

/// A name of a zone file with the dot at its end, as the origin has it too: names without one are relative, and `@` is the origin.
pub(in super::super) fn absolute(name: &str, origin: &str) -> String {
    match name {
        "@" => origin.to_owned(),
        _ if name.ends_with('.') => name.to_owned(),
        _ if origin == "." => format!("{name}."),
        _ => format!("{name}.{origin}"),
    }
}

fn decimal(text: &str, decimals: u32, min: i64, max: i64) -> Result<Value, Wrong> {
    let unit = 10_i64.pow(decimals);
    let wrong = || {
        let bound = |bound: i64| bound / unit;
        format!("must be a number from {} to {} with at most {decimals} decimals", bound(min), bound(max))
    };
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 10
        || fraction.len() > decimals as usize
        || !are_digits(whole)
        || !are_digits(fraction)
    {
        return Err(wrong());
    }
    let padded = format!("{whole}{fraction:0<width$}", width = decimals as usize);
    let number = padded.parse::<i64>().map_err(|_| wrong())?;
    let number = if is_negative { -number } else { number };
    if (min..=max).contains(&number) { Ok(Value::Decimal(number)) } else { Err(wrong()) }
}
