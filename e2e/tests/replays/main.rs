//! What real clients send, replayed byte for byte, and what each of them needs of the answer. README.md says where the recordings come from.
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

mod cert_manager;
mod certbot;
mod external_dns;
mod flarectl;
mod legacy_go;
mod lego;
mod replay;
mod terraform_v4;
mod terraform_v5;

/// A recording that no story sends proves nothing.
#[test]
fn every_recording_has_its_place_in_a_story() {
    for (client, story) in [
        ("cert-manager", include_str!("cert_manager.rs")),
        ("certbot", include_str!("certbot.rs")),
        ("external-dns", include_str!("external_dns.rs")),
        ("flarectl", include_str!("flarectl.rs")),
        ("lego", include_str!("lego.rs")),
        ("terraform-v4", include_str!("terraform_v4.rs")),
        ("terraform-v5", include_str!("terraform_v5.rs")),
    ] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays").join(client);
        for file in std::fs::read_dir(folder).unwrap() {
            let recording = file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            assert!(story.contains(&format!("\"{recording}\"")), "{client} does not send {recording}");
        }
    }
}
