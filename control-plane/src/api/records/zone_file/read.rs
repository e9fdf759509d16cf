//! From a zone file to what would be sent for its records.

use super::{
    bad_line, cut,
    entries::{Entries, Entry},
    notes::Notes,
};
use crate::{
    api::{
        body::{Field, Whole},
        error::{ApiError, Result},
        records::{
            content::said,
            data::{Data, Word, absolute, quoted},
            draft::RecordBody,
        },
    },
    db::records::{RECORDS_PER_ZONE_MAX, RecordKind},
};
use policy::hostname::Hostname;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Some editors begin UTF-8 files with it.
const BYTE_ORDER_MARK: char = '\u{feff}';
/// TTLs beyond these are brought to the nearer one.
const TTLS: RangeInclusive<i64> = 30..=86_400;
const AUTOMATIC_TTL: i64 = 1;
const CLASSES: [&str; 4] = ["IN", "CH", "HS", "CS"];

/// The records of a file, each with its line.
#[derive(Debug, Default)]
pub(in super::super) struct ZoneFile {
    pub(in super::super) records: Vec<(usize, RecordBody)>,
}

/// Where a reader stands in a file.
struct Reader<'a> {
    zone: &'a Hostname,
    /// With the dot at its end.
    origin: String,
    owner: Option<String>,
    default_ttl: Option<i64>,
    last_ttl: Option<i64>,
    proxied: bool,
}

/// Reads a file. `proxied` is what records that can be are, unless their comment says something else. SOA records and the NS
/// records of the zone itself are passed over: they belong to who serves the zone.
pub(in super::super) fn read(text: &str, zone: &Hostname, proxied: bool) -> Result<ZoneFile> {
    let origin = format!("{zone}.");
    let mut reader = Reader { zone, origin, owner: None, default_ttl: None, last_ttl: None, proxied };
    let mut file = ZoneFile::default();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    for entry in Entries::new(text) {
        let entry = entry?;
        let line = entry.line;
        if let Some(body) = reader.entry(entry).map_err(|what| bad_line(line, what))? {
            file.records.push((line, body));
        }
        if i64::try_from(file.records.len()).is_ok_and(|count| count > RECORDS_PER_ZONE_MAX) {
            let message =
                format!("Record quota exceeded: a zone has at most {RECORDS_PER_ZONE_MAX} records.");
            return Err(super::at_line(line, ApiError::refused(81045, message)));
        }
    }
    Ok(file)
}

impl Reader<'_> {
    fn entry(&mut self, entry: Entry<'_>) -> Result<Option<RecordBody>, String> {
        let mut words = entry.words.as_slice();
        if !entry.is_continued
            && let Some((first, rest)) = words.split_first()
        {
            if first.written().starts_with('$') {
                return self.directive(first.written(), rest).map(|()| None);
            }
            self.owner = Some(self.name(*first)?);
            words = rest;
        }
        let owner = self.owner.clone().ok_or("the first record has no name")?;
        let (ttl, words) = self.ttl_and_class(words)?;
        let (kind, words) = words.split_first().ok_or("a type is missing")?;
        let kind = kind.written().to_ascii_uppercase();
        if kind == "SOA" {
            return Ok(None);
        }
        let Some(kind) = RecordKind::parse(&kind) else {
            return Err(format!("records of type {} are not supported; take the line out", cut(&kind)));
        };
        if words.first().is_some_and(|word| word.written() == "\\#") {
            return Err("data in the form of RFC 3597 is not supported; write it as its type does".into());
        }
        let notes = Notes::read(entry.comment.unwrap_or_default())?;
        let is_of_the_zone = owner.trim_end_matches('.').eq_ignore_ascii_case(self.zone.as_str());
        if kind == RecordKind::Ns && is_of_the_zone && !notes.is_kept {
            return Ok(None);
        }
        self.record(owner, kind, ttl, words, notes).map(Some)
    }

    fn directive(&mut self, directive: &str, words: &[Word<'_>]) -> Result<(), String> {
        match (directive.to_ascii_uppercase().as_str(), words) {
            ("$ORIGIN", [name]) => self.origin = self.name(*name)?,
            ("$TTL", [ttl]) => {
                self.default_ttl =
                    Some(self::ttl(ttl.written()).ok_or("$TTL is followed by seconds, or by such as 1h30m")?);
            }
            ("$ORIGIN" | "$TTL", _) => return Err(format!("{directive} is followed by one word")),
            ("$INCLUDE", _) => {
                return Err("$INCLUDE directive not allowed; put the records into one file".into());
            }
            _ => {
                return Err(format!(
                    "the directive {} is not supported; write its records out",
                    cut(directive)
                ));
            }
        }
        Ok(())
    }

    /// A whole name with the dot at its end.
    fn name(&self, word: Word<'_>) -> Result<String, String> {
        if word.written().contains('\\') {
            return Err(format!(
                "the name {} has escapes, which host names do not need",
                cut(word.written())
            ));
        }
        Ok(absolute(word.written(), &self.origin))
    }

    /// The TTL and the class may stand in either order, and each may be left out.
    fn ttl_and_class<'w, 'a>(&mut self, mut words: &'w [Word<'a>]) -> Result<(i64, &'w [Word<'a>]), String> {
        let (mut given, mut has_class) = (None, false);
        while let Some((first, rest)) = words.split_first() {
            let text = first.written().to_ascii_uppercase();
            if given.is_none() && text.starts_with(|first: char| first.is_ascii_digit()) {
                given =
                    Some(ttl(&text).ok_or_else(|| format!("{} is neither a TTL nor a type", cut(&text)))?);
            } else if !has_class && CLASSES.contains(&text.as_str()) {
                if text != "IN" {
                    return Err(format!("records of class {text} are not supported, only IN"));
                }
                has_class = true;
            } else {
                break;
            }
            words = rest;
        }
        self.last_ttl = given.or(self.last_ttl);
        let ttl = match given.or(self.default_ttl).or(self.last_ttl) {
            None | Some(AUTOMATIC_TTL) => AUTOMATIC_TTL,
            Some(ttl) => ttl.clamp(*TTLS.start(), *TTLS.end()),
        };
        Ok((ttl, words))
    }

    fn record(
        &self,
        owner: String,
        kind: RecordKind,
        ttl: i64,
        words: &[Word<'_>],
        notes: Notes,
    ) -> Result<RecordBody, String> {
        let (priority, words) = match words.split_first() {
            Some((first, rest)) if kind.has_priority() => {
                let priority = first.written().parse().map_err(|_| "the priority must be a whole number")?;
                (Field::Given(Whole(priority)), rest)
            }
            _ => (Field::Absent, words),
        };
        let content = self.content(kind, words, &notes)?;
        let mut settings = match notes.settings {
            Some(Value::Object(settings)) => settings,
            Some(_) => return Err("the tag orangery-settings holds no object".into()),
            None => Map::new(),
        };
        if notes.flatten_cname {
            settings.insert("flatten_cname".into(), Value::Bool(true));
        }
        let origin = notes.origin.map(serde_json::from_value).transpose();
        let origin = origin.map_err(|error| {
            format!("the tag orangery-origin cannot be read: {}", cut(&error.to_string()))
        })?;
        Ok(RecordBody {
            name: Field::Given(owner),
            r#type: Field::Given(kind.as_str().to_owned()),
            content: Field::Given(content),
            ttl: Field::Given(Whole(ttl)),
            proxied: Field::Given(kind.is_proxiable() && notes.proxied.unwrap_or(self.proxied)),
            priority,
            comment: notes.comment.map_or(Field::Absent, Field::Given),
            tags: Field::Given(notes.tags),
            settings: Field::Given(settings),
            origin: origin.map_or(Field::Absent, Field::Given),
            data: Field::Absent,
        })
    }

    fn content(&self, kind: RecordKind, words: &[Word<'_>], notes: &Notes) -> Result<String, String> {
        if let Some(data) = Data::read(kind, words, Some(&self.origin)) {
            return data.map(|data| data.content()).map_err(|bad| {
                let part = bad.part.map(|part| format!("{part} ")).unwrap_or_default();
                format!("{} record is invalid: {part}{}", kind.as_str(), bad.what)
            });
        }
        let texts = || -> Result<String, String> {
            words.iter().map(|word| word.text().map_err(|broken| broken.to_string())).collect()
        };
        match (kind, words) {
            (RecordKind::Txt, [_, ..]) => Ok(match &notes.content {
                _ if notes.is_unquoted => texts()?,
                Some(content) if said(content) == texts()? => content.clone(),
                _ => txt(words)?,
            }),
            (RecordKind::Openpgpkey, [_, ..]) => texts(),
            (RecordKind::Cname | RecordKind::Ns | RecordKind::Ptr, [name]) => self.name(*name),
            // RFC 7505: a domain that takes no mail.
            (RecordKind::Mx, [name]) if name.written() == "." => Ok(".".to_owned()),
            (RecordKind::Mx, [name]) => self.name(*name),
            (_, [word]) => Ok(word.written().to_owned()),
            _ => Err(format!("{} record needs one value", kind.as_str())),
        }
    }
}

/// The content of a TXT record: a word without quotes as it is, several words all in quotes.
fn txt(words: &[Word<'_>]) -> Result<String, String> {
    if let [word] = words
        && !word.is_quoted()
        && !word.written().contains('\\')
    {
        return Ok(word.written().to_owned());
    }
    let quoted = words.iter().map(|word| match word.is_quoted() {
        true => Ok(word.written().to_owned()),
        false => word.text().map(|text| quoted(&text)).map_err(|broken| broken.to_string()),
    });
    Ok(quoted.collect::<Result<Vec<_>, String>>()?.join(" "))
}

/// Seconds, or numbers with units such as `1h30m`, as BIND reads them.
fn ttl(text: &str) -> Option<i64> {
    let (mut seconds, mut number) = (0_i64, None::<i64>);
    for character in text.chars() {
        if let Some(digit) = character.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let unit = match character.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    seconds.checked_add(number.unwrap_or(0))
}
