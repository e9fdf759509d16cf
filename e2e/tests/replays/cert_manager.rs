//! cert-manager's DNS-01 solver: plain HTTP without a content type, and `success` decides.

use crate::replay::Replay;
use e2e::rest::Answer;
use serde_json::{Value, json};

const CHALLENGE: &str = "_acme-challenge.app.example.com";
const KEY: &str = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM";

/// The solver never looks at the status, only at `success`; errors would be skipped on the walk and hide a zone.
fn result(answer: &Answer) -> &Value {
    assert_eq!(answer.body["success"], true, "{answer:?}");
    assert_eq!(answer.body["errors"], json!([]), "{answer:?}");
    &answer.body["result"]
}

/// Each label is tried from the left, until a list has something in it.
async fn walk(solver: &mut Replay, zone: &str) -> anyhow::Result<()> {
    for no_zone in ["01-zone-of-the-challenge", "02-zone-of-the-host"] {
        assert_eq!(result(&solver.send(no_zone).await?), &json!([]), "{no_zone}");
    }
    assert_eq!(result(&solver.send("03-zone-of-the-parent").await?)[0]["id"], zone);
    Ok(())
}

/// The record that has the challenge's name and content, byte for byte.
async fn find(solver: &mut Replay) -> anyhow::Result<Option<String>> {
    let answer = solver.send("04-find").await?;
    let records = result(&answer).as_array().unwrap();
    let found = records.iter().find(|record| record["name"] == CHALLENGE && record["content"] == KEY);
    Ok(found.map(|record| record["id"].as_str().unwrap().to_owned()))
}

#[tokio::test]
async fn cert_manager_presents_a_challenge_and_cleans_up() {
    let mut solver = Replay::of("cert-manager").await.unwrap();
    let zone = solver.zone().await.unwrap();

    walk(&mut solver, &zone.id).await.unwrap();
    assert_eq!(find(&mut solver).await.unwrap(), None);
    walk(&mut solver, &zone.id).await.unwrap();
    let presented = solver.send("05-present").await.unwrap();
    assert_eq!(result(&presented)["content"], KEY);

    // Presenting it again finds it, and nothing more is sent.
    walk(&mut solver, &zone.id).await.unwrap();
    let record = find(&mut solver).await.unwrap().unwrap();
    assert_eq!(result(&presented)["id"], record.as_str());

    walk(&mut solver, &zone.id).await.unwrap();
    assert_eq!(find(&mut solver).await.unwrap(), Some(record.clone()));
    solver.put("record", &record);
    assert_eq!(result(&solver.send("06-clean-up").await.unwrap())["id"], record.as_str());

    walk(&mut solver, &zone.id).await.unwrap();
    assert_eq!(find(&mut solver).await.unwrap(), None);

    for nowhere in ["07-nowhere", "08-nowhere-parent"] {
        assert_eq!(result(&solver.send(nowhere).await.unwrap()), &json!([]), "{nowhere}");
    }
    refusals_say_why(&mut solver).await.unwrap();
}

/// People read the codes and messages of the error and of its chain in the status of their Challenge.
async fn refusals_say_why(solver: &mut Replay) -> anyhow::Result<()> {
    solver.put("token", "a token with blanks");
    let answer = solver.send("03-zone-of-the-parent").await?;
    assert_eq!(answer.body["success"], false);
    let error = &answer.body["errors"][0];
    assert_eq!(
        (&error["code"], &error["error_chain"][0]["code"]),
        (&json!(6003), &json!(6111)),
        "{answer:?}"
    );
    assert!(error["error_chain"][0]["message"].is_string(), "{answer:?}");
    Ok(())
}
