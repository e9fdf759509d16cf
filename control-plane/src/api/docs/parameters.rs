//! Parameters that mean the same everywhere are described once, here.

use utoipa::openapi::{
    Required,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Schema, Type},
};

/// What a query parameter means that its operation does not describe.
pub(super) fn meaning(name: &str) -> Option<String> {
    let common = match name {
        "page" => "which page, counted from 1; one past the end is empty",
        "per_page" => "how many there are on a page",
        "match" => "`all` conditions must hold, or `any` of them",
        "order" => "by which field the list is ordered",
        "direction" => "`asc` or `desc`",
        "search" => "a text that occurs in name, content or comment",
        "name" | "content" | "type" | "status" | "proxied" | "comment" | "tag" => {
            return Some(format!("only those with this {name}"));
        }
        "account.id" => "only those of this account",
        "account.name" => "only those of the account with this name",
        "zone_id" => "the zone, by its id",
        _ => return compared(name),
    };
    Some(common.to_owned())
}

/// Such as `name.contains`.
fn compared(name: &str) -> Option<String> {
    let (field, how) = name.split_once('.')?;
    Some(match how {
        "exact" => format!("the {field} is this"),
        "contains" => format!("the {field} contains this"),
        "startswith" => format!("the {field} starts with this"),
        "endswith" => format!("the {field} ends with this"),
        "present" => format!("there is a {field}"),
        "absent" => format!("there is no {field}"),
        _ => return None,
    })
}

/// An id in a path, such as `zone_id`.
pub(super) fn in_path(name: &str) -> Parameter {
    let what = name.strip_suffix("_id").unwrap_or(name).replace('_', " ");
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("which {what}")))
        .schema(Some(kind(Type::String)))
        .build()
}

/// What every write in a zone takes beside its own parameters.
pub(super) fn of_writes() -> [Parameter; 3] {
    let optional = |name: &str, place, about: &str, schema| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
        parameter.description(Some(about)).schema(Some(schema)).build()
    };
    let applied = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["applied"]));
    [
        optional(
            "If-Match",
            ParameterIn::Header,
            "an `ETag` of the zone: the write is refused (412) if the zone has changed since",
            kind(Type::String),
        ),
        optional(
            "wait",
            ParameterIn::Query,
            "`applied`: answer when every connected node enforces the change",
            applied.into(),
        ),
        optional(
            "timeout",
            ParameterIn::Query,
            "how long to wait, in seconds: 5 if absent, at most 30",
            kind(Type::Integer),
        ),
    ]
}

fn kind(kind: Type) -> Schema {
    ObjectBuilder::new().schema_type(kind).into()
}
