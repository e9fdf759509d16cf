//! Which settings have an effect is said in the API, in its description and in the documents, and nowhere in answers.

use super::set;
use crate::harness::{World, request};
use control_plane::{
    api,
    settings::{Allowed, SettingId, summary},
};
use http::Method;
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, path::Path};

const BEGIN: &str = "<!-- settings -->\n";
const END: &str = "<!-- /settings -->\n";

#[tokio::test]
async fn everybody_may_read_what_there_is() {
    let world = World::new().await;
    let described = world.send(request(Method::GET, "/orangery/settings"), "").await.ok();
    let described = described.as_array().unwrap();
    assert_eq!(described.len(), SettingId::all().count());
    let of = |id: &str| described.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(
        of("websockets"),
        &json!({"id": "websockets", "values": "`on` or `off`", "default": "on", "editable": true, "enforced": true,
            "note": ""})
    );
    assert_eq!((&of("http3")["enforced"], &of("advanced_ddos")["editable"]), (&json!(false), &json!(false)));
}

#[test]
fn the_description_of_every_operation_lists_what_has_no_effect() {
    let document: Value = serde_json::to_value(api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().filter(|(path, _)| path.starts_with("/client/v4/zones/{zone_id}/settings"));
    let operations: Vec<&Value> =
        operations.flat_map(|(_, item)| item.as_object().unwrap().values()).collect();
    assert_eq!(operations.len(), 4);
    for operation in operations {
        let text = operation["description"].as_str().unwrap();
        let (enforced, kept) = text.split_once("have no effect").unwrap();
        for id in SettingId::all() {
            let name = format!("`{}`", id.as_str());
            assert_eq!(enforced.contains(&name), id.is_enforced(), "{name}");
            assert_eq!(kept.contains(&name), !id.is_enforced(), "{name}");
        }
    }
}

#[tokio::test]
async fn answers_carry_no_message_about_it() {
    let world = World::new().await;
    let zone = world.zone("example.com").await;
    set(&world, &zone, "waf", "on").await;
    let answer = world.patch(&format!("{zone}/settings/brotli"), json!({"value": "off"})).await;
    assert_eq!(answer.body["messages"], json!([]));
}

fn table() -> String {
    let mut table = "| setting | may be | at first | enforced | |\n|---|---|---|---|---|\n".to_owned();
    for id in SettingId::all() {
        let enforced = if id.is_enforced() { "yes" } else { "no" };
        let (may_be, note) = (Allowed(id.kind()), id.note());
        writeln!(table, "| `{}` | {may_be} | `{}` | {enforced} | {note} |", id.as_str(), id.default())
            .unwrap();
    }
    table
}

/// What stands between the marks of a page is what is generated. With ORANGERY_WRITE_DOCS in the environment it is written anew.
#[track_caller]
fn says(page: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("ORANGERY_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{generated}{END}{after}")).unwrap();
        return;
    }
    assert!(written == generated, "docs/{page} is behind, run this test with ORANGERY_WRITE_DOCS=1");
}

#[test]
fn the_pages_about_settings_are_what_the_table_says() {
    says("settings.md", &table());
    says("compatibility.md", &format!("{}\n", summary()));
}
