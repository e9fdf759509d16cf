//! From the text of a zone file to its entries.

use super::bad_line;
use crate::api::{error::Result, records::data::Word};

/// With the lines and the comments between its parentheses.
const ENTRY_BYTES_MAX: usize = 96 * 1024;
const ENTRY_WORDS_MAX: usize = 4096;

/// A directive or a record: a line, or several with parentheses around what is between them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// Counted from one.
    pub(super) line: usize,
    /// Whether it begins with white space, and so leaves its owner out.
    pub(super) is_continued: bool,
    pub(super) words: Vec<Word<'a>>,
    /// What follows the first semicolon outside of parentheses.
    pub(super) comment: Option<&'a str>,
}

/// The entries of a file that have words.
pub(super) struct Entries<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Entries<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    fn entry(&mut self) -> Result<Entry<'a>> {
        let is_continued = self.rest.starts_with([' ', '\t']);
        let mut entry = Entry { line: self.line, is_continued, words: Vec::new(), comment: None };
        let (mut parentheses, length) = (0_u32, self.rest.len());
        while let Some(next) = self.rest.chars().next() {
            match next {
                '\n' => {
                    self.rest = &self.rest[1..];
                    self.line += 1;
                    if parentheses == 0 {
                        return Ok(entry);
                    }
                }
                ';' => {
                    let (comment, rest) = self.rest.split_at(self.rest.find('\n').unwrap_or(self.rest.len()));
                    if parentheses == 0 {
                        entry.comment = Some(comment[1..].trim());
                    }
                    self.rest = rest;
                }
                '(' | ')' => {
                    parentheses = match next {
                        '(' => parentheses.checked_add(1),
                        _ => parentheses.checked_sub(1),
                    }
                    .ok_or_else(|| bad_line(self.line, "a parenthesis is closed that is not open"))?;
                    self.rest = &self.rest[1..];
                }
                _ if next.is_ascii_whitespace() => self.rest = &self.rest[1..],
                _ => {
                    let (word, rest) =
                        Word::take(self.rest, b";()").map_err(|broken| bad_line(self.line, broken))?;
                    entry.words.push(word);
                    self.rest = rest;
                }
            }
            if length - self.rest.len() > ENTRY_BYTES_MAX || entry.words.len() > ENTRY_WORDS_MAX {
                let limits = format!("at most {ENTRY_BYTES_MAX} bytes and {ENTRY_WORDS_MAX} words");
                return Err(bad_line(entry.line, format!("an entry has {limits}")));
            }
        }
        if parentheses > 0 {
            return Err(bad_line(entry.line, "a parenthesis is not closed"));
        }
        Ok(entry)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.entry() {
                Ok(entry) if entry.words.is_empty() => {}
                Ok(entry) => return Some(Ok(entry)),
                Err(error) => {
                    self.rest = "";
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, bool, Vec<&str>, Option<&str>)> {
        let entries = Entries::new(text).map(|entry| entry.expect("an entry"));
        let shown = entries.map(|entry| {
            let words = entry.words.iter().map(|word| word.written()).collect();
            (entry.line, entry.is_continued, words, entry.comment)
        });
        shown.collect()
    }

    #[test]
    fn entries_may_span_lines_and_have_comments() {
        let text = "; only a comment\r\n\r\na 60 IN A 192.0.2.1 ;  note \n\tTXT ( \"x;\" ; inner\n \"y\" ) ; outer\nb(A)192.0.2.2";
        assert_eq!(
            read(text),
            [
                (3, false, vec!["a", "60", "IN", "A", "192.0.2.1"], Some("note")),
                (4, true, vec!["TXT", "\"x;\"", "\"y\""], Some("outer")),
                (6, false, vec!["b", "A", "192.0.2.2"], None),
            ]
        );
    }

    #[test]
    fn what_is_broken_is_refused_with_its_line() {
        for (text, line) in
            [("a A (\n1", "line 1"), ("\na A )", "line 2"), ("\n\n\"x", "line 3"), ("a \\", "line 1")]
        {
            let error = Entries::new(text).find_map(|entry| entry.err()).expect("refused");
            assert!(error.to_string().starts_with(line), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_is_too_long_is_refused_with_the_line_it_begins_in() {
        let bytes = ENTRY_BYTES_MAX;
        for text in [
            format!("\na TXT {}", "x".repeat(bytes)),
            format!("\na TXT x ; {}", "x".repeat(bytes)),
            format!("\na TXT ({}", "\n; x".repeat(bytes / 4)),
            format!("\na TXT{}", " x".repeat(ENTRY_WORDS_MAX)),
        ] {
            let error = Entries::new(&text).find_map(|entry| entry.err()).expect("refused").to_string();
            assert!(error.starts_with("line 2: ") && error.contains("an entry has at most"), "{error}");
        }
        assert_eq!(read(&format!("a TXT{}", " x".repeat(ENTRY_WORDS_MAX - 2))).len(), 1);
        assert_eq!(read(&format!("a TXT {}\n", "x".repeat(bytes - 6))).len(), 1);
    }

    /// Whatever the bytes are, reading ends, and no line is passed over.
    #[test]
    fn any_text_is_read_to_its_end() {
        let alphabet = ["a", " ", "\n", "\t", "\"", "\\", "(", ")", ";", "ü", "0", "$", "\r\n"];
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..state % 24 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(alphabet[(state >> 16) as usize % alphabet.len()]);
            }
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let lines = text.matches('\n').count() + 1;
            for entry in Entries::new(&text).flatten() {
                assert!(entry.line <= lines && !entry.words.is_empty(), "{text:?}");
            }
        }
    }
}
