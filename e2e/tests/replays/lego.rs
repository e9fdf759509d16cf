//! lego, which Traefik and many others use for DNS-01: quoted TXT contents, one id remembered for each, and perhaps two tokens.

use crate::replay::Replay;
use serde_json::json;

#[tokio::test]
async fn lego_presents_two_challenges_of_one_name_and_cleans_up() {
    let mut lego = Replay::of("lego").await.unwrap();
    let zone = lego.zone().await.unwrap();

    // lego asks the DNS for the zone's name, so there is one question, and it takes an answer only if exactly one zone is in it.
    let zones = lego.send("01-zone").await.unwrap().granted().unwrap();
    assert_eq!(zones.as_array().map(Vec::len), Some(1));
    assert_eq!(zones[0]["id"], zone.id.as_str());

    // A wildcard and its parent share a name: two records with different contents stand side by side.
    for (recording, word) in [("02-present", "record"), ("03-present-second", "second_record")] {
        let presented = lego.send(recording).await.unwrap().granted().unwrap();
        let content = presented["content"].as_str().unwrap();
        assert!(content.starts_with('"') && content.ends_with('"'), "the quotes are kept: {content}");
        lego.put(word, presented["id"].as_str().unwrap());
    }
    for recording in ["04-clean-up", "05-clean-up-second"] {
        let removed = lego.send(recording).await.unwrap();
        assert_eq!((removed.status, &removed.body["success"]), (200, &json!(true)));
    }
    two_tokens(&mut lego, &zone.id).await.unwrap();
    by_mail_and_key(&mut lego, &zone.id).await.unwrap();
}

/// One token finds the zone, the other edits records.
async fn two_tokens(lego: &mut Replay, zone: &str) -> anyhow::Result<()> {
    lego.put("zone_token", &lego.control_plane.another_token().await?);
    assert_eq!(lego.send("06-two-tokens-zone").await?.granted()?[0]["id"], zone);
    let presented = lego.send("07-two-tokens-present").await?.granted()?;
    lego.put("record", presented["id"].as_str().unwrap());

    // lego does not tolerate a leftover: it stops, and prints code and text of the refusal.
    let again = lego.send("07-two-tokens-present").await?;
    assert_eq!((again.refusal(), again.message()), ((400, 81058), "An identical record already exists."));
    lego.send("04-clean-up").await?.granted()?;
    Ok(())
}

async fn by_mail_and_key(lego: &mut Replay, zone: &str) -> anyhow::Result<()> {
    let (email, key) = lego.control_plane.email_and_key().await?;
    lego.put("email", &email);
    lego.put("api_key", &key);
    assert_eq!(lego.send("08-key-pair-zone").await?.granted()?[0]["id"], zone);
    lego.send("09-key-pair-present").await?.granted()?;
    Ok(())
}
