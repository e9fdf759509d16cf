//! certbot with its Cloudflare plugin: a TXT record for as long as a challenge lasts, through the official Python SDK.

use crate::replay::Replay;
use e2e::rest::Answer;
use serde_json::json;

const CHALLENGE: &str = "_acme-challenge.app.example.com";
const VALIDATION: &str = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM";

/// The plugin's guesses go from the host upwards. Of the answer it takes the first zone, and of that only the id.
async fn find_zone(certbot: &mut Replay, host: &str, parent: &str, zone: &str) -> anyhow::Result<()> {
    assert_eq!(
        certbot.send(host).await?.granted()?,
        json!([]),
        "a name that is no zone is an empty list, not an error"
    );
    assert_eq!(certbot.send(parent).await?.granted()?[0]["id"], zone);
    Ok(())
}

/// What a search by name and content finds. The SDK asks for pages until one is empty, whatever `result_info` says.
async fn find(certbot: &mut Replay, first: &str, next: &str) -> anyhow::Result<String> {
    let found = certbot.send(first).await?.granted()?;
    assert_eq!((&found[0]["name"], &found[0]["content"]), (&json!(CHALLENGE), &json!(VALIDATION)));
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(certbot.send(next).await?.granted()?, json!([]), "a page beyond the end is empty");
    Ok(found[0]["id"].as_str().unwrap().to_owned())
}

/// The plugin tolerates 81057 and 81058 as the first error's code, and only there.
fn is_tolerated(answer: &Answer) -> bool {
    matches!(answer.refusal(), (400, 81057 | 81058))
}

#[tokio::test]
async fn certbot_sets_finds_and_removes_its_challenge() {
    let mut certbot = Replay::of("certbot").await.unwrap();
    let zone = certbot.zone().await.unwrap();

    find_zone(&mut certbot, "01-zone-of-the-host", "02-zone-of-the-parent", &zone.id).await.unwrap();
    let added = certbot.send("03-add").await.unwrap().granted().unwrap();
    assert_eq!((&added["content"], &added["ttl"]), (&json!(VALIDATION), &json!(120)));
    let record = find(&mut certbot, "04-find", "05-find-beyond-the-end").await.unwrap();
    assert_eq!(added["id"], record.as_str());

    // A run that was cut short left its record behind: the next one is told so and goes on.
    find_zone(&mut certbot, "01-zone-of-the-host", "02-zone-of-the-parent", &zone.id).await.unwrap();
    let again = certbot.send("03-add").await.unwrap();
    assert!(is_tolerated(&again), "{again:?}");

    find_zone(&mut certbot, "01-zone-of-the-host", "02-zone-of-the-parent", &zone.id).await.unwrap();
    let record = find(&mut certbot, "04-find", "05-find-beyond-the-end").await.unwrap();
    certbot.put("record", &record);
    assert_eq!(certbot.send("06-delete").await.unwrap().granted().unwrap()["id"], record.as_str());

    // Cleaning up twice finds nothing, and nothing is asked to be deleted.
    assert_eq!(certbot.send("04-find").await.unwrap().granted().unwrap(), json!([]));

    by_mail_and_key(&mut certbot, &zone.id).await.unwrap();
    nowhere(&mut certbot).await.unwrap();
    hints(&mut certbot).await.unwrap();
}

/// The other kind of credentials that certbot's `.ini` knows.
async fn by_mail_and_key(certbot: &mut Replay, zone: &str) -> anyhow::Result<()> {
    let (email, key) = certbot.control_plane.email_and_key().await?;
    certbot.put("email", &email);
    certbot.put("api_key", &key);
    find_zone(certbot, "07-key-pair-zone-of-the-host", "08-key-pair-zone-of-the-parent", zone).await?;
    let added = certbot.send("09-key-pair-add").await?.granted()?;
    let found = find(certbot, "10-key-pair-find", "11-key-pair-find-beyond-the-end").await?;
    assert_eq!(added["id"], found.as_str());
    Ok(())
}

/// A domain that is not here: certbot names its guesses, and blames no error for it.
async fn nowhere(certbot: &mut Replay) -> anyhow::Result<()> {
    for guess in ["12-nowhere", "13-nowhere-parent"] {
        assert_eq!(certbot.send(guess).await?.granted()?, json!([]));
    }
    Ok(())
}

/// The hint that people read depends on the first error's code, an integer.
async fn hints(certbot: &mut Replay) -> anyhow::Result<()> {
    for (token, code, hint) in [
        ("a token with blanks", 6003, "did you copy your entire API token"),
        ("0123456789012345678901234567890123456789", 9109, "did you enter a valid token"),
    ] {
        certbot.put("token", token);
        let answer = certbot.send("01-zone-of-the-host").await?;
        assert_eq!(answer.body["errors"][0]["code"], code, "{hint}: {answer:?}");
        assert!((400..500).contains(&answer.status), "the SDK looks only at the status: {answer:?}");
    }
    certbot.put("api_key", "0123456789abcdef0123456789abcdef01234");
    let answer = certbot.send("07-key-pair-zone-of-the-host").await?;
    assert_eq!(
        answer.body["errors"][0]["code"], 9103,
        "did you enter the correct email address and key: {answer:?}"
    );
    assert!((400..500).contains(&answer.status), "{answer:?}");
    Ok(())
}
