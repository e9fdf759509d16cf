//! `docs/compatibility.md` says of every operation whether it works, and it is true.

use crate::{
    furnished::{Furnished, Operation, operations},
    harness::World,
};
use http::Method;
use std::{collections::HashMap, fs, path::Path};

/// What the page says of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Works,
    WithoutEffect,
    Refused,
}

impl State {
    fn parse(text: &str) -> Self {
        match text {
            "works" => Self::Works,
            "without effect" => Self::WithoutEffect,
            "refused" => Self::Refused,
            _ => panic!("`{text}` is no state: say works, without effect or refused"),
        }
    }

    /// What the OpenAPI document says of an operation.
    fn of(operation: &Operation) -> Self {
        match operation.described["x-orangery-effect"].as_str() {
            None => Self::Works,
            Some("none") => Self::WithoutEffect,
            Some("refused") => Self::Refused,
            Some(other) => panic!("x-orangery-effect cannot be {other}"),
        }
    }
}

/// The rows of the table of endpoints, such as ``| GET | `/zones` | `zones.list` | works | … |``.
fn rows() -> Vec<((String, String), State)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compatibility.md");
    let page = fs::read_to_string(page).unwrap();
    let cells = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter_map(|cells| {
        let &["", method, path, _, state, _, ""] = cells.as_slice() else { return None };
        let path = path.strip_prefix('`')?.strip_suffix('`').filter(|path| path.starts_with('/'))?;
        Some(((method.to_owned(), path.to_owned()), State::parse(state)))
    });
    rows.collect()
}

#[test]
fn every_operation_has_one_row_which_says_what_the_api_says_of_itself() {
    let mut rows_of: HashMap<_, Vec<State>> = HashMap::new();
    for (operation, state) in rows() {
        rows_of.entry(operation).or_default().push(state);
    }
    let mut wrong = Vec::new();
    for operation in operations() {
        let state = State::of(&operation);
        let named = (operation.method.to_string(), operation.path);
        let found = rows_of.remove(&named).unwrap_or_default();
        if found != [state] {
            wrong.push(format!("{} {} is {state:?}, its rows say {found:?}", named.0, named.1));
        }
    }
    assert!(wrong.is_empty(), "docs/compatibility.md needs one row for each: {wrong:#?}");
    assert!(rows_of.is_empty(), "rows without an operation: {:?}", rows_of.keys());
}

/// What works is granted when it is called with its own example.
#[tokio::test]
async fn what_works_is_granted_with_the_example_of_its_description() {
    let world = World::new().await;
    let readings = Furnished::add(&world, 1).await;
    let mut number = 1;
    for operation in operations() {
        if State::of(&operation) != State::Works {
            continue;
        }
        let answer = if operation.method == Method::GET {
            readings.call(&world, &operation).await
        } else {
            // A write finds everything as it was made.
            number += 1;
            Furnished::add(&world, number).await.call(&world, &operation).await
        };
        assert_eq!(answer.status, 200, "{} {}: {}", operation.method, operation.path, answer.body);
    }
    assert!(number > 20, "{number}");
}

#[tokio::test]
async fn what_has_no_effect_is_granted_and_changes_nothing() {
    let world = World::new().await;
    let furnished = Furnished::add(&world, 1).await;
    let before = written(&world).await;
    for operation in of_state(State::WithoutEffect) {
        let answer = furnished.call(&world, &operation).await;
        assert_eq!(answer.status, 200, "{} {}: {}", operation.method, operation.path, answer.body);
        assert_eq!(answer.header("orangery-revision"), None, "{} {}", operation.method, operation.path);
    }
    assert_eq!(written(&world).await, before);
}

#[tokio::test]
async fn what_is_refused_says_what_to_do_instead_and_changes_nothing() {
    let world = World::new().await;
    let furnished = Furnished::add(&world, 1).await;
    let before = written(&world).await;
    for operation in of_state(State::Refused) {
        let answer = furnished.call(&world, &operation).await;
        let at = format!("{} {}", operation.method, operation.path);
        assert_eq!(answer.refused(), (400, 10501), "{at}");
        assert!(answer.message().len() > 40, "{at}: {}", answer.message());
    }
    assert_eq!(written(&world).await, before);
}

fn of_state(state: State) -> Vec<Operation> {
    let found: Vec<_> = operations().into_iter().filter(|operation| State::of(operation) == state).collect();
    assert!(found.len() >= 4, "{state:?}: {}", found.len());
    found
}

/// How much has ever been written.
async fn written(world: &World) -> (i64, i64) {
    (world.count("revisions").await, world.count("audit").await)
}
