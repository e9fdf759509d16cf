//! Query strings: keys may hold dots and may repeat.

use super::{error::ApiError, error::Result};
use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;
use policy::hostname::Hostname;

const PARAMETERS_MAX: usize = 200;

/// The decoded pairs in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<_> = pairs.take(PARAMETERS_MAX + 1).map(decode).collect::<Result<_>>()?;
        if pairs.len() > PARAMETERS_MAX {
            return Err(ApiError::invalid("", format!("Invalid query: at most {PARAMETERS_MAX} parameters")));
        }
        Ok(Self(pairs))
    }

    /// The first value of a key; an empty value counts as none.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, value)| name == key && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Whether a key occurs, with or without a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(name, _)| name == key)
    }

    pub(crate) fn lower(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_lowercase)
    }

    /// A name or a part of one, in the form in which names are kept: lower case, and international labels in punycode.
    pub(crate) fn name(&self, key: &str) -> Option<String> {
        self.text(key).map(ascii_name)
    }

    /// Every value of a repeated key, commas separating values too.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(name, _)| name == key).flat_map(|(_, value)| value.split(','));
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// A whole number of at least `min`, written as `2` or `2.0`.
    pub(crate) fn number(&self, key: &str, min: i64) -> Result<Option<i64>> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let whole = text.strip_suffix(".0").unwrap_or(text);
        match whole.parse() {
            Ok(number) if number >= min => Ok(Some(number)),
            _ => Err(ApiError::invalid(
                key,
                format!("Invalid query: `{key}` must be a whole number, at least {min}"),
            )),
        }
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.text(key) {
            None => Ok(None),
            Some("true" | "True" | "1") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(_) => Err(ApiError::invalid(key, format!("Invalid query: `{key}` must be true or false"))),
        }
    }

    /// One of several words, by their meaning.
    pub(crate) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)], default: T) -> Result<T> {
        let Some(text) = self.text(key) else { return Ok(default) };
        choices.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            ApiError::invalid(key, format!("Invalid query: `{key}` must be one of {}", words.join(", ")))
        })
    }
}

/// See [`Query::name`]. Only whole labels can be converted.
pub(crate) fn ascii_name(text: &str) -> String {
    let label = |label: &str| match Hostname::parse(label) {
        Ok(name) if !label.is_ascii() => name.to_string(),
        _ => label.to_lowercase(),
    };
    text.split('.').map(label).collect::<Vec<_>>().join(".")
}

fn decode(pair: &str) -> Result<(String, String)> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((decode_part(key)?, decode_part(value)?))
}

fn decode_part(text: &str) -> Result<String> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => Ok(decoded.into_owned()),
        _ => Err(ApiError::invalid("", "Invalid query: parameters must be UTF-8 without NUL")),
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_dots_and_repeated_keys_are_read() {
        let query = Query::parse("name.exact=a%20b&type=A&type=TXT&page=2.0&x=1+2").expect("a query");
        assert_eq!(query.text("name.exact"), Some("a b"));
        assert_eq!(query.all("type"), ["A", "TXT"]);
        assert_eq!(query.number("page", 1).expect("a number"), Some(2));
        assert_eq!(query.text("x"), Some("1 2"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["name=%00", "name=%ff", "%00=1", &"a=1&".repeat(PARAMETERS_MAX + 1)] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
        let query = Query::parse("page=0&per_page=x&proxied=maybe").expect("a query");
        assert!(
            query.number("page", 1).is_err()
                && query.number("per_page", 1).is_err()
                && query.boolean("proxied").is_err()
        );
    }
}
