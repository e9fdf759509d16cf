//! Searching the records of a zone.

use super::{
    DbError,
    records::{Record, RecordKind, Row},
};
use policy::id::ZoneId;
use sqlx::PgConnection;

/// What a list is narrowed to; an absent condition admits everything. Texts are compared without regard to case.
#[derive(Debug, Default)]
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
    /// Occurs in the name, the content, the comment or a tag.
    pub search: Option<String>,
    /// One fulfilled condition is enough.
    pub any: bool,
    pub order: Order,
    pub descending: bool,
}

/// Conditions on one text, in lower case.
#[derive(Debug, Default)]
pub struct TextFilter {
    pub exact: Option<String>,
    pub contains: Option<String>,
    pub starts_with: Option<String>,
    pub ends_with: Option<String>,
}

/// A condition on the tags, each of which is a name, or a name and a value with a colon between them.
#[derive(Debug)]
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
    fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Name => "name",
            Self::Content => "content",
            Self::Ttl => "ttl",
            Self::Proxied => "proxied",
        }
    }
}

/// The records of a zone, and how many there are in all. `limit` and `offset` count records.
///
/// Each condition becomes one verdict: true, false, or null where it was not asked for. TXT content is compared without the
/// quotes around it.
pub async fn list(
    conn: &mut PgConnection,
    zone: ZoneId,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Record>, i64), DbError> {
    let (patterns, absent): (Vec<String>, Vec<bool>) =
        filter.tags.iter().map(|tag| (tag.pattern(), tag.how == TagMatch::Absent)).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"select r.id, r.zone_id, r.type as "kind: RecordKind", r.name, r.content, r.content_hash, r.ttl, r.proxied, r.priority, r.comment,
                  r.comment_modified_on, r.tags, r.tags_modified_on, r.settings, r.origin, r.created_on, r.modified_on,
                  count(*) over () as "total!"
           from records r
           cross join lateral (select
               lower(case when r.type = 'TXT' then trim(both '"' from r.content) else r.content end) as content,
               lower(coalesce(r.comment, '')) as comment,
               lower(r.tags::text)::text[] as tags) l
           cross join lateral (select array[
               r.name = $2, position($3 in r.name) > 0, starts_with(r.name, $4), right(r.name, length($5)) = $5,
               l.content = $6, position($7 in l.content) > 0, starts_with(l.content, $8), right(l.content, length($9)) = $9,
               l.comment = $10, position($11 in l.comment) > 0, starts_with(l.comment, $12), right(l.comment, length($13)) = $13,
               (l.comment <> '') = $14,
               (select case when $16 then bool_or(m.met) else bool_and(m.met) end
                from (select exists (select from unnest(l.tags) tag where tag ~ p.pattern) <> p.absent as met
                      from unnest($15::text[], $24::bool[]) as p (pattern, absent)) m),
               case when $17 <> '{}'::text[] then r.type = any($17) end,
               r.proxied = $18,
               position($19 in concat_ws(' ', r.name, l.content, l.comment, array_to_string(l.tags, ' '))) > 0] as verdicts) v
           cross join lateral (select case $20 when 'type' then r.type when 'content' then r.content
                                               when 'ttl' then lpad(r.ttl::text, 10, '0') when 'proxied' then r.proxied::text
                                               else r.name end as key) k
           where r.zone_id = $1
             and case when $21 then (true = any (v.verdicts)) is true or cardinality(array_remove(v.verdicts, null)) = 0
                      else (false = any (v.verdicts)) is not true end
           order by case when $22 then null else k.key end, case when $22 then k.key end desc, r.name, r.type, r.id
           limit $23 offset $25"#,
        zone.to_string(),
        filter.name.exact,
        filter.name.contains,
        filter.name.starts_with,
        filter.name.ends_with,
        filter.content.exact,
        filter.content.contains,
        filter.content.starts_with,
        filter.content.ends_with,
        filter.comment.exact,
        filter.comment.contains,
        filter.comment.starts_with,
        filter.comment.ends_with,
        filter.comment_present,
        &patterns,
        filter.tags_any,
        &filter.kind,
        filter.proxied,
        filter.search,
        filter.order.as_str(),
        filter.any,
        filter.descending,
        limit,
        &absent,
        offset
    )
    .fetch_all(conn)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(Record::try_from).collect::<Result<_, _>>()?, total))
}
