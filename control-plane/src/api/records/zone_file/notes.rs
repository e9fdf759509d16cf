//! What a zone file has no place for, in the comment after a record: `; <comment> cf_tags=<tag>,<name>:<value>,…`.
//!
//! Tags that begin with `cf-` are Cloudflare's own and those that begin with `orangery-` are ours; they say how a record is set. A
//! value, or a whole tag, is written as a JSON string if it would be misread otherwise.

use super::cut;
use serde_json::Value;

/// The 20 tags that a record may have, and those that are reserved.
const ITEMS_MAX: usize = 32;
const MARK: &str = "cf_tags=";
const RESERVED: [&str; 2] = ["cf-", "orangery-"];

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Notes {
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) proxied: Option<bool>,
    pub(super) flatten_cname: bool,
    /// Settings other than that one, in JSON.
    pub(super) settings: Option<Value>,
    /// The `origin` extension, in JSON.
    pub(super) origin: Option<Value>,
    /// The content of a TXT record as it was sent, where that is not how zone files write it.
    pub(super) content: Option<String>,
    /// The content of a TXT record was sent without quotes.
    pub(super) is_unquoted: bool,
    /// An NS record of the zone itself that was added on purpose.
    pub(super) is_kept: bool,
}

impl Notes {
    /// The comment without its semicolon; empty if there is nothing to note.
    pub(super) fn print(&self) -> String {
        let comment = self.comment.as_deref().unwrap_or_default();
        let is_plain = comment.trim() == comment;
        let mut tags: Vec<String> = self.tags.iter().map(|tag| user_tag(tag)).collect();
        if !is_plain {
            tags.push(format!("orangery-comment:{}", json_string(comment)));
        }
        if let Some(content) = &self.content {
            tags.push(format!("orangery-content:{}", json_string(content)));
        }
        for (name, value) in [("settings", &self.settings), ("origin", &self.origin)] {
            tags.extend(
                value.as_ref().map(|value| format!("orangery-{name}:{}", json_string(&value.to_string()))),
            );
        }
        for (name, is_set) in [
            ("orangery-unquoted", self.is_unquoted),
            ("orangery-kept", self.is_kept),
            ("cf-flatten-cname", self.flatten_cname),
        ] {
            tags.extend(is_set.then(|| name.to_owned()));
        }
        tags.extend(self.proxied.map(|proxied| format!("cf-proxied:{proxied}")));
        let comment = if is_plain { comment } else { "" };
        match (comment, tags.is_empty()) {
            (_, true) if !comment.contains(MARK) => comment.to_owned(),
            ("", _) => format!("{MARK}{}", tags.join(",")),
            _ => format!("{comment} {MARK}{}", tags.join(",")),
        }
    }

    /// Reads a comment; an error says what cannot be read.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (comment, list) = marked(text).unwrap_or((text, ""));
        let (comment, items) = match items(list) {
            Ok(items) => (comment, items),
            Err(error) if is_ours(list) => return Err(error),
            // Somebody's prose.
            Err(_) => (text, Vec::new()),
        };
        let comment = Some(comment.trim_end()).filter(|comment| !comment.is_empty());
        let mut notes = Self { comment: comment.map(str::to_owned), ..Self::default() };
        if items.len() > ITEMS_MAX {
            return Err("a record has at most 20 tags".into());
        }
        for item in items {
            notes.note(item)?;
        }
        Ok(notes)
    }

    fn note(&mut self, item: Item) -> Result<(), String> {
        let Item::Named { name, value } = item else {
            let Item::Whole(tag) = item else { return Ok(()) };
            self.tags.push(tag);
            return Ok(());
        };
        let json = |value: Option<String>| -> Result<Option<Value>, String> {
            let value = serde_json::from_str(value.as_deref().unwrap_or_default());
            value.map(Some).map_err(|error| format!("the tag {name} holds no JSON: {error}"))
        };
        match name.as_str() {
            "cf-proxied" => {
                let proxied = value.as_deref().unwrap_or_default().parse();
                self.proxied = Some(proxied.map_err(|_| "the tag cf-proxied is neither true nor false")?);
            }
            "cf-flatten-cname" => self.flatten_cname = true,
            "orangery-comment" => self.comment = value,
            "orangery-content" => self.content = value,
            "orangery-unquoted" => self.is_unquoted = true,
            "orangery-kept" => self.is_kept = true,
            "orangery-settings" => self.settings = json(value)?,
            "orangery-origin" => self.origin = json(value)?,
            _ => self.tags.push(value.map_or_else(|| name.clone(), |value| format!("{name}:{value}"))),
        }
        Ok(())
    }
}

enum Item {
    /// A tag that was written as one JSON string.
    Whole(String),
    Named {
        name: String,
        value: Option<String>,
    },
}

/// A tag as it is written: its value as JSON string if need be, all of it if its name is none or reserved.
fn user_tag(tag: &str) -> String {
    let (name, value) = tag.split_once(':').map_or((tag, None), |(name, value)| (name, Some(value)));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_plain = |byte: u8| !matches!(byte, b'"' | b'=' | b',' | b'\\');
    let is_reserved = RESERVED.iter().any(|prefix| name.starts_with(prefix));
    if is_reserved || !name.bytes().all(is_name) || name.is_empty() || value == Some("") {
        return json_string(tag);
    }
    match value {
        Some(value) if value.bytes().all(is_plain) && value.trim() == value => format!("{name}:{value}"),
        Some(value) => format!("{name}:{}", json_string(value)),
        None => name.to_owned(),
    }
}

/// JSON in which no `=` stands, so that the mark is found from the end of the line.
fn json_string(text: &str) -> String {
    Value::from(text).to_string().replace('=', "\\u003d")
}

/// A comment and its list of tags, at the last mark that begins a word.
fn marked(text: &str) -> Option<(&str, &str)> {
    let is_word = |at: usize| at == 0 || text[..at].ends_with(char::is_whitespace);
    let (at, _) = text.rmatch_indices(MARK).find(|(at, _)| is_word(*at))?;
    Some((&text[..at], &text[at + MARK.len()..]))
}

/// Whether a list names reserved tags, which say how a record is set.
fn is_ours(list: &str) -> bool {
    list.split(',').any(|item| RESERVED.iter().any(|prefix| item.trim_start().starts_with(prefix)))
}

/// The tags of a list, which are separated by commas outside of JSON strings. One too many is the last that is read.
fn items(mut list: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    while items.len() <= ITEMS_MAX && !list.trim().is_empty() {
        list = list.trim_start();
        let name_end = list.find([',', ':', '"']).unwrap_or(list.len());
        let (name, rest) = list.split_at(name_end);
        let name = name.trim().to_owned();
        let (item, rest) = if rest.starts_with('"') && name.is_empty() {
            let (text, rest) = string(rest)?;
            (Item::Whole(text), rest)
        } else if let Some(value) = rest.strip_prefix(':') {
            let (value, rest) = if value.starts_with('"') {
                string(value)?
            } else {
                let (value, rest) = value.split_at(value.find(',').unwrap_or(value.len()));
                (value.trim().to_owned(), rest)
            };
            (Item::Named { name, value: Some(value).filter(|value| !value.is_empty()) }, rest)
        } else {
            (Item::Named { name, value: None }, rest)
        };
        list = match rest.trim_start() {
            "" => "",
            rest => rest
                .strip_prefix(',')
                .ok_or_else(|| format!("after a tag stands {:?} and no comma", cut(rest)))?,
        };
        items.push(item);
    }
    Ok(items)
}

/// Takes a JSON string off a text that begins with one.
fn string(text: &str) -> Result<(String, &str), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    match values.next() {
        Some(Ok(string)) => {
            let end = values.byte_offset();
            Ok((string, text.get(end..).unwrap_or_default()))
        }
        _ => Err(format!("a tag holds a JSON string that cannot be read: {}", cut(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comments_and_tags_are_read_as_cloudflare_writes_them() {
        for (text, comment, tags) in [
            ("  cf_tags=awesome", None, vec!["awesome"]),
            (
                r#"cf_tags=tag1,tag2:value2,tag3:"value,with,commas",tag4:"value with \"escaped\" quotation marks""#,
                None,
                vec![
                    "tag1",
                    "tag2:value2",
                    "tag3:value,with,commas",
                    r#"tag4:value with "escaped" quotation marks"#,
                ],
            ),
            (" just a comment without tags", Some("just a comment without tags"), vec![]),
            ("contains cf_tags= as text cf_tags=", Some("contains cf_tags= as text"), vec![]),
            (
                "simple cf_tags=important,ticket:THIS-12345",
                Some("simple"),
                vec!["important", "ticket:THIS-12345"],
            ),
            (r#"cf_tags=empty:"",none:"#, None, vec!["empty", "none"]),
            (r#"see cf_tags=a:"x"#, Some(r#"see cf_tags=a:"x"#), vec![]),
            ("see_cf_tags=a,b", Some("see_cf_tags=a,b"), vec![]),
            ("cf_tags=cf-new:1", None, vec!["cf-new:1"]),
            ("", None, vec![]),
        ] {
            let notes = Notes::read(text).expect(text);
            assert_eq!(notes.comment.as_deref(), comment, "{text}");
            assert_eq!(notes.tags, tags, "{text}");
        }
        let notes = Notes::read("cf_tags=test:1,cf-flatten-cname,cf-proxied:true").expect("notes");
        assert_eq!(
            (notes.proxied, notes.flatten_cname, notes.tags),
            (Some(true), true, vec!["test:1".to_owned()])
        );
    }

    #[test]
    fn nothing_is_lost_on_the_way_to_paper_and_back() {
        let comments =
            [None, Some("plain; (text)"), Some(" outer space "), Some("cf_tags="), Some("a cf_tags=x,y b")];
        let tags = [
            "a",
            "a:",
            "a:b",
            "a:b:c",
            "a,b",
            "k:v,{w}",
            "ü",
            ":",
            "cf-proxied:true",
            "orangery-origin",
            "k:\"=\\",
            "x: y ",
            "cf_tags=q",
        ];
        for comment in comments {
            for count in 0..=tags.len() {
                let notes = Notes {
                    comment: comment.map(str::to_owned),
                    tags: tags[..count].iter().map(|&tag| tag.to_owned()).collect(),
                    proxied: [None, Some(true), Some(false)][count % 3],
                    flatten_cname: count % 2 == 0,
                    settings: (count % 4 == 1).then(|| json!({"ipv4_only": false})),
                    origin: (count % 5 == 1)
                        .then(|| json!({"protocol": "grpcs", "host_header": "a=b,\"c\""})),
                    content: (count % 6 == 1).then(|| "\"cf_tags=\" x".to_owned()),
                    is_unquoted: count % 7 == 1,
                    is_kept: count % 8 == 1,
                };
                let printed = notes.print();
                assert_eq!(Notes::read(&printed), Ok(notes), "{printed}");
            }
        }
    }

    #[test]
    fn too_many_tags_are_refused_and_messages_stay_short() {
        let many = format!("cf_tags={}", "a,".repeat(ITEMS_MAX + 1));
        assert!(Notes::read(&many).is_err_and(|error| error.contains("at most 20 tags")));
        let long = format!("cf_tags=cf-new:\"{}", "ü".repeat(10_000));
        assert!(Notes::read(&long).is_err_and(|error| error.chars().count() < 150));
    }

    #[test]
    fn tags_that_cannot_be_read_are_refused() {
        for text in [
            r#"cf_tags=cf-new:"x"#,
            "cf_tags=cf-proxied:maybe",
            r#"cf_tags=a:"x"y,cf-new"#,
            "cf_tags=orangery-origin:x",
        ] {
            assert!(Notes::read(text).is_err(), "{text}");
        }
    }
}
