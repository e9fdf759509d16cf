//! Searching the records of a zone.

use super::{
    DbError,
    records::{Record, RecordKind, Row},
};
use policy::id::ZoneId;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use std::fmt::Display;

/// How much of a content counts when records are ordered by it.
const CONTENT_CHARACTERS_COMPARED: usize = 256;

/// What a list is narrowed to; an absent condition admits everything. Texts are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub name: TextFilter,
    pub content: TextFilter,
    pub comment: TextFilter,
    pub comment_present: Option<bool>,
    pub tags: Vec<TagFilter>,
    /// One fulfilled condition on tags is enough.
    pub tags_any: bool,
    pub kind: Vec<String>,
    pub proxied: Option<bool>,
    /// Occurs in the name, the content, the comment or a tag, whatever `any` says.
    pub search: Option<String>,
    /// One fulfilled condition is enough.
    pub any: bool,
    pub order: Order,
    pub descending: bool,
}

/// Conditions on one text, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextFilter {
    pub exact: Option<String>,
    pub contains: Option<String>,
    pub starts_with: Option<String>,
    pub ends_with: Option<String>,
}

/// A condition on the tags, each of which is a name, or a name and a value with a colon between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    pub how: TagMatch,
    /// In lower case: a tag, or for [`TagMatch::Present`] and [`TagMatch::Absent`] the name of one.
    pub text: String,
}

/// How a tag is compared; the parts that are looked for are parts of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagMatch {
    Exact,
    Contains,
    StartsWith,
    EndsWith,
    Present,
    Absent,
}

impl TagFilter {
    /// The regular expression that a tag has to fit or, for [`TagMatch::Absent`], none may fit.
    fn pattern(&self) -> String {
        let (name, value) = match self.text.split_once(':') {
            Some((name, value)) => (format!("^{}:", literal(name)), literal(value)),
            None => (String::new(), literal(&self.text)),
        };
        match self.how {
            TagMatch::Exact => format!("^{}$", literal(&self.text)),
            TagMatch::Contains => format!("{name}.*{value}"),
            TagMatch::StartsWith if name.is_empty() => format!("^{value}"),
            TagMatch::StartsWith => format!("{name}{value}"),
            TagMatch::EndsWith => format!("{name}.*{value}$"),
            TagMatch::Present | TagMatch::Absent => format!("^{}(:|$)", literal(&self.text)),
        }
    }
}

/// A regular expression that only the text itself fits.
fn literal(text: &str) -> String {
    let escaped = |c: char| if c.is_ascii_punctuation() { vec!['\\', c] } else { vec![c] };
    text.chars().flat_map(escaped).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    Type,
    #[default]
    Name,
    Content,
    Ttl,
    Proxied,
}

impl Order {
    /// What is compared, the rest deciding among equals. Only the orders by name and by type are those of an index.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name", "type", "content_hash"],
            Self::Type => &["type", "name", "content_hash"],
            Self::Content => &[r#"left(content, 256) collate "C""#, "name", "type", "content_hash"],
            Self::Ttl => &["lpad(ttl::text, 10, '0')", "name", "type", "content_hash"],
            Self::Proxied => &["proxied::text", "name", "type", "content_hash"],
        }
    }
}

/// The place of a record in a list, from which the list can be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// By what the list is ordered, unless that is the name or the type.
    key: String,
    name: String,
    kind: RecordKind,
    content_hash: Vec<u8>,
}

impl Place {
    pub fn of(record: &Record, order: Order) -> Self {
        Self {
            key: match order {
                Order::Name | Order::Type => String::new(),
                Order::Content => record.content.chars().take(CONTENT_CHARACTERS_COMPARED).collect(),
                Order::Ttl => format!("{:010}", record.ttl),
                Order::Proxied => record.proxied.to_string(),
            },
            name: record.name.to_string(),
            kind: record.kind,
            content_hash: record.content_hash.to_vec(),
        }
    }
}

/// Records of a zone after a place in the list, or from its beginning. Descending is ascending turned round.
pub async fn page(
    conn: &mut PgConnection,
    zone: ZoneId,
    filter: &Filter,
    after: Option<&Place>,
    skip: i64,
    limit: i64,
) -> Result<Vec<Record>, DbError> {
    let mut query = QueryBuilder::new(
        "select id, zone_id, type as kind, name, content, content_hash, ttl, proxied, priority, comment, comment_modified_on, tags,
                tags_modified_on, settings, origin, created_on, modified_on
         from records where ",
    );
    narrow(&mut query, zone, filter);
    let columns = filter.order.columns();
    let (direction, comparison) = if filter.descending { (" desc", "<") } else { ("", ">") };
    if let Some(place) = after {
        query.push(format_args!(" and ({}) {comparison} (", columns.join(", ")));
        let mut values = query.separated(", ");
        for column in columns {
            match *column {
                "name" => values.push_bind(place.name.clone()),
                "type" => values.push_bind(place.kind.as_str()),
                "content_hash" => values.push_bind(place.content_hash.clone()),
                _ => values.push_bind(place.key.clone()),
            };
        }
        query.push(")");
    }
    let order: Vec<_> = columns.iter().map(|column| format!("{column}{direction}")).collect();
    query.push(format_args!(" order by {} limit ", order.join(", "))).push_bind(limit);
    query.push(" offset ").push_bind(skip);
    let rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(Record::try_from).collect()
}

/// How many records of a zone a list has.
pub async fn count(conn: &mut PgConnection, zone: ZoneId, filter: &Filter) -> Result<i64, DbError> {
    let mut query = QueryBuilder::new("select count(*) from records where ");
    narrow(&mut query, zone, filter);
    Ok(query.build_query_scalar().fetch_one(conn).await?)
}

/// TXT is compared by what it says: its character-strings joined, without their quotes and the escapes of quotes and backslashes.
const CONTENT: &str = r#"lower(case when type = 'TXT' and content like '"%"' then
    replace(replace(replace(substr(content, 2, greatest(length(content) - 2, 0)), '" "', ''), '\"', '"'), '\\', '\') else content end)"#;
const COMMENT: &str = "lower(coalesce(comment, ''))";

fn narrow(query: &mut QueryBuilder<Postgres>, zone: ZoneId, filter: &Filter) {
    query.push("zone_id = ").push_bind(zone.to_string());
    if let Some(text) = &filter.search {
        query.push(" and position(").push_bind(text.clone());
        query.push(format_args!(
            " in concat_ws(' ', name, {CONTENT}, {COMMENT}, lower(array_to_string(tags, ' ')))) > 0"
        ));
    }
    let mut conditions = Conditions { query, any: filter.any, is_first: true };
    conditions.text("name", &filter.name);
    conditions.content(&filter.content);
    conditions.text(COMMENT, &filter.comment);
    if let Some(is_present) = filter.comment_present {
        conditions.next().push(format_args!("({COMMENT} <> '') = ")).push_bind(is_present);
    }
    if !filter.kind.is_empty() {
        conditions.next().push("type = any(").push_bind(filter.kind.clone()).push(")");
    }
    if let Some(is_proxied) = filter.proxied {
        conditions.next().push("proxied = ").push_bind(is_proxied);
    }
    if !filter.tags.is_empty() {
        tags(conditions.next(), &filter.tags, filter.tags_any);
    }
    conditions.end();
}

fn tags(query: &mut QueryBuilder<Postgres>, tags: &[TagFilter], any: bool) {
    for (index, tag) in tags.iter().enumerate() {
        query.push(match (index, any) {
            (0, _) => "(",
            (_, true) => " or ",
            (_, false) => " and ",
        });
        let negation = if tag.how == TagMatch::Absent { "not " } else { "" };
        query.push(format_args!("{negation}exists (select from unnest(tags) tag where lower(tag) ~ "));
        query.push_bind(tag.pattern()).push(")");
    }
    query.push(")");
}

/// Conditions of which all, or any one, must be fulfilled.
struct Conditions<'q> {
    query: &'q mut QueryBuilder<Postgres>,
    any: bool,
    is_first: bool,
}

impl Conditions<'_> {
    /// Where the next condition is to be written.
    fn next(&mut self) -> &mut QueryBuilder<Postgres> {
        let joint = match (self.is_first, self.any) {
            (true, _) => " and (",
            (false, true) => " or ",
            (false, false) => " and ",
        };
        self.is_first = false;
        self.query.push(joint)
    }

    fn text(&mut self, column: impl Display, filter: &TextFilter) {
        if let Some(text) = &filter.exact {
            self.next().push(format_args!("{column} = ")).push_bind(text.clone());
        }
        self.parts(column, filter);
    }

    /// A whole content may be asked for in each form in which it can be written.
    fn content(&mut self, filter: &TextFilter) {
        if let Some(text) = &filter.exact {
            let query = self.next().push(format_args!("{CONTENT} = (select {CONTENT} from (select "));
            query.push_bind(text.clone()).push("::text as content) sent)");
        }
        self.parts(CONTENT, filter);
    }

    fn parts(&mut self, column: impl Display, filter: &TextFilter) {
        if let Some(text) = &filter.contains {
            self.next().push("position(").push_bind(text.clone()).push(format_args!(" in {column}) > 0"));
        }
        if let Some(text) = &filter.starts_with {
            self.next().push(format_args!("starts_with({column}, ")).push_bind(text.clone()).push(")");
        }
        if let Some(text) = &filter.ends_with {
            self.next().push(format_args!("right({column}, length(")).push_bind(text.clone());
            self.query.push(")) = ").push_bind(text.clone());
        }
    }

    fn end(self) {
        if !self.is_first {
            self.query.push(")");
        }
    }
}
