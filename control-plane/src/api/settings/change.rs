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
        settings::{self, Impossible, Setting, SettingId, Stored},
    },
};
use policy::{
    id::ZoneId,
    settings::{GrpcNeedsEncryptedOrigin, Settings},
    ssl::SslMode,
};
use serde_json::{Map, Value};
use sqlx::PgConnection;

/// Writes the settings and returns all of them with what the change has come to.
pub(in crate::api) async fn change(
    app: &App,
    caller: &Caller,
    zone: ZoneId,
    if_match: &IfMatch,
    wanted: &[Setting],
) -> Result<(Stored, Committed)> {
    let (mut change, zone) =
        scope::change(app, caller, Permission::ZoneSettingsWrite, zone, if_match).await?;
    let mut stored = settings::load(change.conn(), &zone).await?;
    let ids: Vec<SettingId> =
        SettingId::ALL.into_iter().filter(|id| wanted.iter().any(|setting| setting.id() == *id)).collect();
    let after = settings::changed(stored.settings, wanted).map_err(|error| impossible(error, &ids))?;
    if after.edge.ssl() == SslMode::Strict && stored.settings.edge.ssl() != SslMode::Strict {
        no_plain_origins(change.conn(), zone.id).await?;
    }
    settings::write(&mut change, zone.id, &after, &ids).await?;
    let entry = Entry::in_zone("zone_settings.edit", "zone_settings", zone.id, zone.account, zone.id);
    change.audit(entry.before(audited(&stored.settings, &ids)).after(audited(&after, &ids)));
    stored.settings = after;
    stored.modified_on.extend(ids.iter().map(|id| (*id, change.at())));
    let committed = change.commit_zone(zone.id).await?;
    Ok((stored, committed))
}

/// Names the setting that stands in the way: the one that was not asked to change.
fn impossible(error: Impossible, ids: &[SettingId]) -> ApiError {
    let mode = match error {
        Impossible::Grpc(GrpcNeedsEncryptedOrigin(mode)) => mode.as_str(),
        Impossible::Tls(error) => {
            return ApiError::refused(
                1007,
                format!("Invalid value for zone setting min_tls_version: {error}"),
            );
        }
    };
    let message = if ids.contains(&SettingId::Grpc) {
        format!(
            "Invalid value for zone setting grpc: gRPC needs an encrypted origin, change the setting `ssl` to full or strict first (it is {mode})"
        )
    } else {
        format!(
            "Invalid value for zone setting ssl: gRPC is on and cannot work under {mode}, change the setting `grpc` to off first"
        )
    };
    ApiError::refused(1007, message)
}

async fn no_plain_origins(conn: &mut PgConnection, zone: ZoneId) -> Result<()> {
    match records::with_plain_origin(conn, zone).await? {
        None => Ok(()),
        Some(name) => Err(ApiError::refused(
            1007,
            format!(
                "Invalid value for zone setting ssl: under strict no origin is reached in plain text, change `origin.protocol` of the record {name} first"
            ),
        )),
    }
}

fn audited(settings: &Settings, ids: &[SettingId]) -> Value {
    let pairs = ids.iter().map(|id| (id.as_str().to_owned(), Setting::of(*id, settings).value()));
    Value::Object(pairs.collect::<Map<_, _>>())
}
