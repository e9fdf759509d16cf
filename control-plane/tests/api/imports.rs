//! Who may import whom, for the whole workspace.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => vec![(path.clone(), fs::read_to_string(&path).unwrap())],
        _ => Vec::new(),
    };
    paths.flat_map(read).collect()
}

/// The sources of a crate that hold one of these words, outside of the folders where they may.
fn holding(crate_name: &str, words: &[&str], allowed: &[&str]) -> Vec<String> {
    let folder = root().join(crate_name).join("src");
    let may = |path: &Path| allowed.iter().any(|room| path.starts_with(folder.join(room)));
    let code = |text: &str| {
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    let found = sources(&folder)
        .into_iter()
        .filter(|(path, text)| !may(path) && words.iter().any(|word| code(text).contains(word)));
    found.map(|(path, _)| path.display().to_string()).collect()
}

fn dependencies(crate_name: &str) -> String {
    let manifest = fs::read_to_string(root().join(crate_name).join("Cargo.toml")).unwrap();
    manifest.split("[dev-dependencies]").next().unwrap().to_owned()
}

#[track_caller]
fn none(found: Vec<String>) {
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_language_of_the_edge_depends_on_nothing_of_ours_and_does_no_io() {
    let manifest = dependencies("policy");
    for foreign in ["proto", "control-plane", "data-plane", "tokio", "hyper", "sqlx", "axum", "tonic"] {
        assert!(!manifest.contains(&format!("\n{foreign}.")), "policy depends on {foreign}");
    }
    none(holding(
        "policy",
        &["std::net::Tcp", "std::net::Udp", "std::fs", "std::time::Instant", "SystemTime"],
        &[],
    ));
}

#[test]
fn the_wire_depends_on_policy_alone() {
    let manifest = dependencies("proto");
    for foreign in ["control-plane", "data-plane", "cli", "dev-postgres", "axum", "sqlx", "tokio"] {
        assert!(!manifest.contains(&format!("\n{foreign}.")), "proto depends on {foreign}");
    }
}

#[test]
fn the_planes_never_import_each_other() {
    assert!(!dependencies("control-plane").contains("data-plane"));
    assert!(!dependencies("data-plane").contains("control-plane"));
    none(holding("control-plane", &["data_plane::"], &[]));
    none(holding("data-plane", &["control_plane::"], &[]));
}

#[test]
fn only_the_api_speaks_axum() {
    none(holding("control-plane", &["axum::"], &["api"]));
    assert!(!dependencies("data-plane").contains("axum"));
}

#[test]
fn only_the_database_folder_writes_sql() {
    none(holding("control-plane", &["sqlx::query", "query_as!", "query_scalar!"], &["db"]));
    assert!(!dependencies("data-plane").contains("sqlx"));
}

#[test]
fn only_publish_and_follow_speak_tonic() {
    none(holding("control-plane", &["tonic::"], &["publish"]));
    none(holding("data-plane", &["tonic::"], &["follow"]));
}

#[test]
fn only_the_clock_and_chance_ask_the_machine() {
    none(holding("control-plane", &["Timestamp::now", "SystemTime::now", "Zoned::now"], &["clock.rs"]));
    none(holding("control-plane", &["getrandom::fill"], &["random.rs", "secrets.rs"]));
}

#[test]
fn no_file_is_longer_than_the_house_allows() {
    let crates = [
        "policy",
        "proto",
        "control-plane",
        "data-plane",
        "cli",
        "dev-postgres",
        "sample-origin",
        "e2e",
        "bench",
    ];
    let files = crates.iter().flat_map(|name| sources(&root().join(name).join("src")));
    none(
        files
            .filter(|(_, text)| text.lines().count() > 500)
            .map(|(path, _)| path.display().to_string())
            .collect(),
    );
}
