//! Words of the presentation format (RFC 1035, 5.1), of which contents and zone files are made.

use thiserror::Error;

/// Longest character-string in bytes (RFC 1035, 3.3).
pub(in super::super) const STRING_BYTES_MAX: usize = 255;

/// A word as it is written, with its quotes and escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Word<'a>(&'a str);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(in super::super) enum BrokenWord {
    #[error("a quote is not closed")]
    Quote,
    #[error("after a backslash stands one character or three digits up to 255")]
    Escape,
    #[error("text must be UTF-8")]
    Encoding,
}

impl<'a> Word<'a> {
    /// Takes the first word off a text that begins with one. Besides white space, the `delimiters` end a word that is not
    /// quoted.
    pub(in super::super) fn take(text: &'a str, delimiters: &[u8]) -> Result<(Self, &'a str), BrokenWord> {
        let bytes = text.as_bytes();
        let (mut end, mut is_quoted) = (0, false);
        while let Some(&byte) = bytes.get(end) {
            match byte {
                b'\\' if bytes.get(end + 1).is_none_or(|next| *next == b'\n') => {
                    return Err(BrokenWord::Escape);
                }
                b'\\' => end += 1,
                b'"' if is_quoted && text.starts_with('"') => {
                    let (word, rest) = text.split_at(end + 1);
                    return Ok((Self(word), rest));
                }
                b'"' => is_quoted = !is_quoted,
                b'\n' if is_quoted => return Err(BrokenWord::Quote),
                _ if is_quoted => {}
                _ if byte.is_ascii_whitespace() || delimiters.contains(&byte) => break,
                _ => {}
            }
            end += 1;
        }
        if is_quoted {
            return Err(BrokenWord::Quote);
        }
        let (word, rest) = text.split_at(end);
        Ok((Self(word), rest))
    }

    /// What is known to be one word.
    pub(super) fn plain(text: &'a str) -> Self {
        Self(text)
    }

    /// As it is written.
    pub(in super::super) fn written(self) -> &'a str {
        self.0
    }

    pub(in super::super) fn is_quoted(self) -> bool {
        self.0.starts_with('"')
    }

    /// What it means: without quotes and escapes.
    pub(in super::super) fn text(self) -> Result<String, BrokenWord> {
        let mut bytes = self.0.bytes();
        let mut meant = Vec::with_capacity(self.0.len());
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => {}
                b'\\' => meant.push(unescaped(&mut bytes)?),
                _ => meant.push(byte),
            }
        }
        String::from_utf8(meant).map_err(|_| BrokenWord::Encoding)
    }
}

/// What follows a backslash. A character of several bytes keeps its others, which come next.
fn unescaped(bytes: &mut std::str::Bytes<'_>) -> Result<u8, BrokenWord> {
    let digit = |byte: Option<u8>| byte.filter(u8::is_ascii_digit).map(|byte| u16::from(byte - b'0'));
    let first = bytes.next().ok_or(BrokenWord::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let value = digit(Some(first)).zip(digit(bytes.next())).zip(digit(bytes.next()));
    let value = value.map(|((hundreds, tens), ones)| 100 * hundreds + 10 * tens + ones);
    value.and_then(|value| u8::try_from(value).ok()).ok_or(BrokenWord::Escape)
}

/// All words of a content.
pub(in super::super) fn words(mut text: &str) -> Result<Vec<Word<'_>>, BrokenWord> {
    let mut words = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Ok(words);
        }
        let (word, rest) = Word::take(text, &[])?;
        words.push(word);
        text = rest;
    }
}

/// The text as one quoted word.
pub(in super::super) fn quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => word.extend(['\\', character]),
            '\0'..='\x1f' | '\x7f' => word.push_str(&format!("\\{:03}", u32::from(character))),
            _ => word.push(character),
        }
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Result<Vec<String>, BrokenWord> {
        words(text)?.into_iter().map(Word::text).collect()
    }

    #[test]
    fn words_end_at_white_space_outside_of_quotes() {
        for (text, expected) in [
            ("", &[] as &[&str]),
            ("  a\tb ", &["a", "b"]),
            (r#""a b" "c""#, &["a b", "c"]),
            (r#""a""b""#, &["a", "b"]),
            (r#"alpn="h2,h3 x" port=1"#, &["alpn=h2,h3 x", "port=1"]),
            (r#"a\ b "q\"\\" \065\255x"#, &["a b", "q\"\\"]),
            (r"\195\188 \ü", &["ü", "ü"]),
            ("\"\"", &[""]),
        ] {
            let found = texts(text);
            if text.contains("255") {
                assert_eq!(found, Err(BrokenWord::Encoding));
            } else {
                assert_eq!(found, Ok(expected.iter().map(|&word| word.to_owned()).collect()), "{text}");
            }
        }
    }

    #[test]
    fn broken_words_are_told_apart() {
        for (text, broken) in [
            (r#""a"#, BrokenWord::Quote),
            ("a\"b", BrokenWord::Quote),
            ("\"a\nb\"", BrokenWord::Quote),
            ("a\\", BrokenWord::Escape),
            (r"\256", BrokenWord::Escape),
            (r"\1", BrokenWord::Escape),
            (r"\12x", BrokenWord::Escape),
            (r"\200", BrokenWord::Encoding),
        ] {
            assert_eq!(texts(text), Err(broken), "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in ["", "a b", "\"\\", "tab\tbell\u{7}", "ü;()", "\\065"] {
            assert_eq!(texts(&quoted(text)), Ok(vec![text.to_owned()]), "{text:?}");
        }
    }
}
