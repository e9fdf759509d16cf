//! Changing settings: however many there are, they are judged by what results from all of them.

use crate::{
    api::{
        App,
        caller::Caller,
        error::{ApiError, Result},
        permission::Permission,
        scope::{self, IfMatch},
    },
    db::{
        audit::Entry,
        change::Committed,
        records,
        settings::{self, Stored},
    },
    settings::{Impossible, Setting, SettingId, changed},
};
use policy::{id::ZoneId, ssl::SslMode};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Writes the settings and returns all of them with what the change has come to. Of several values for one setting the last
/// counts.
pub(in crate::api) async fn change(
    app: &App,
    caller: &Caller,
    zone: ZoneId,
    if_match: &IfMatch,
    wanted: Vec<Setting>,
) -> Result<(Stored, Committed)> {
    let wanted: BTreeMap<SettingId, Setting> =
        wanted.into_iter().map(|setting| (setting.id(), setting)).collect();
    let wanted: Vec<Setting> = wanted.into_values().collect();
    let (mut change, zone) =
        scope::change(app, caller, Permission::ZoneSettingsWrite, zone, if_match).await?;
    let before = settings::load(change.conn(), &zone).await?;
    let after = changed(before.settings, wanted.iter().filter_map(Setting::enforced))
        .map_err(|error| impossible(error, &wanted))?;
    if after.edge.ssl() == SslMode::Strict && before.settings.edge.ssl() != SslMode::Strict {
        no_plain_origins(change.conn(), zone.id).await?;
    }
    settings::write(&mut change, zone.id, &after, &wanted).await?;
    let entry = Entry::in_zone("zone_settings.edit", "zone_settings", zone.id, zone.account, zone.id)
        .before(audited(&before, &wanted));
    let stored = before.with(after, &wanted, change.at());
    change.audit(entry.after(audited(&stored, &wanted)));
    let committed = change.commit_zone(zone.id).await?;
    Ok((stored, committed))
}

/// Names the setting that stands in the way: the one that was not asked to change.
fn impossible(error: Impossible, wanted: &[Setting]) -> ApiError {
    let asked = |id| wanted.iter().any(|setting| setting.id() == id);
    match error {
        Impossible::Grpc(mode) if asked(SettingId::GRPC) => invalid(
            SettingId::GRPC,
            &format!(
                "gRPC needs an encrypted origin, change the setting `ssl` to full or strict first (it is {})",
                mode.0.as_str()
            ),
        ),
        Impossible::Grpc(mode) => invalid(
            SettingId::SSL,
            &format!(
                "gRPC is on and cannot work under {}, change the setting `grpc` to off first",
                mode.0.as_str()
            ),
        ),
        Impossible::Tls { tls_1_3, tls_1_2_only } if asked(SettingId::MIN_TLS_VERSION) => {
            let off = if tls_1_3 { None } else { Some("`tls_1_3` to on") };
            let only = if tls_1_2_only { Some("`tls_1_2_only` to off") } else { None };
            let first: Vec<&str> = off.into_iter().chain(only).collect();
            invalid(
                SettingId::MIN_TLS_VERSION,
                &format!("TLS 1.3 is not allowed, change the setting {} first", first.join(" and ")),
            )
        }
        Impossible::Tls { .. } => {
            let id =
                if asked(SettingId::TLS_1_2_ONLY) { SettingId::TLS_1_2_ONLY } else { SettingId::TLS_1_3 };
            invalid(id, "the lowest TLS version is 1.3, change the setting `min_tls_version` to 1.2 first")
        }
    }
}

/// The refusal of a value, with the words by which clients know it.
pub(super) fn invalid(id: SettingId, why: &str) -> ApiError {
    ApiError::refused(1007, format!("Invalid value for zone setting {}: {why}", id.as_str()))
}

async fn no_plain_origins(conn: &mut PgConnection, zone: ZoneId) -> Result<()> {
    match records::with_plain_origin(conn, zone).await? {
        None => Ok(()),
        Some(name) => Err(invalid(
            SettingId::SSL,
            &format!(
                "under strict no origin is reached in plain text, change `origin.protocol` of the record {name} first"
            ),
        )),
    }
}

fn audited(stored: &Stored, wanted: &[Setting]) -> Value {
    let pairs = wanted.iter().map(|setting| (setting.id().as_str().to_owned(), stored.value(setting.id())));
    Value::Object(pairs.collect::<Map<_, _>>())
}
