//! The descriptions in `.sqlx`, from which a fresh clone builds, are what the migrated database says.

use crate::harness::World;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Column as _, Either, Executor as _, SqlSafeStr as _, TypeInfo as _};
use std::{fs, path::Path};

fn described() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), value)
    };
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).map(read).collect()
}

/// The name of a type in a description: a bare name, or an object that describes an array or an own type.
fn type_name(value: &Value) -> String {
    match value {
        Value::String(name) => name.to_uppercase(),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn every_checked_query_fits_the_migrated_database() {
    let world = World::new().await;
    let queries = described();
    assert!(queries.len() > 40, "{}", queries.len());
    for (file, description) in queries {
        let sql = description["query"].as_str().unwrap();
        let mut conn = world.app.pool.acquire().await.unwrap();
        let now = conn.describe(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
        let now = now.unwrap_or_else(|error| panic!("{file} does not fit: {error}\n{sql}"));
        let columns: Vec<(String, String)> = now
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.type_info().name().to_uppercase()))
            .collect();
        let known = description["describe"]["columns"].as_array().unwrap();
        let known: Vec<(String, String)> = known
            .iter()
            .map(|column| (column["name"].as_str().unwrap().to_owned(), type_name(&column["type_info"])))
            .collect();
        assert_eq!(columns.len(), known.len(), "{file}\n{sql}");
        for ((name, kind), (known_name, known_kind)) in columns.iter().zip(&known) {
            assert_eq!(name, known_name, "{file}\n{sql}");
            assert!(same_type(kind, known_kind), "{file}: {name} is {kind}, was {known_kind}\n{sql}");
        }
        let parameters = match now.parameters() {
            Some(Either::Left(types)) => types.len(),
            Some(Either::Right(count)) => count,
            None => 0,
        };
        let known = description["describe"]["parameters"]["Left"].as_array().unwrap().len();
        assert_eq!(parameters, known, "{file}\n{sql}");
    }
}

/// An array is `TextArray` in a description and `TEXT[]` in what the driver prints.
fn same_type(now: &str, known: &str) -> bool {
    let element = |name: &str| name.trim_end_matches("[]").replace("ARRAY", "");
    element(now) == element(known)
}

/// A query that nobody asks any more would hide a change of the schema.
#[test]
fn every_description_belongs_to_a_query_in_the_sources() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db"));
    let squeezed = |text: &str| text.replace("\\\"", "\"").split_whitespace().collect::<Vec<_>>().join(" ");
    let sources = squeezed(&sources);
    for (file, description) in described() {
        let query = squeezed(description["query"].as_str().unwrap());
        assert!(sources.contains(&query), "{file} is not asked any more; run script/prepare\n{query}");
    }
}

fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() })
        .collect()
}
