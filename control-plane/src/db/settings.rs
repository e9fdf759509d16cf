//! The settings of a zone. `ssl` and `grpc` are columns of the zone, the others rows that exist once they were changed.

use super::{DbError, change::Change, zones::Zone};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{
    id::ZoneId,
    settings::{
        Edge, GrpcNeedsEncryptedOrigin, MinTlsVersion, NoTlsVersion, OriginMaxHttpVersion, Settings,
        VisitorTls,
    },
    ssl::SslMode,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingId {
    Ssl,
    Grpc,
    Http2,
    MinTlsVersion,
    AlwaysUseHttps,
    OriginMaxHttpVersion,
}

impl SettingId {
    pub const ALL: [Self; 6] = [
        Self::AlwaysUseHttps,
        Self::Grpc,
        Self::Http2,
        Self::MinTlsVersion,
        Self::OriginMaxHttpVersion,
        Self::Ssl,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ssl => "ssl",
            Self::Grpc => "grpc",
            Self::Http2 => "http2",
            Self::MinTlsVersion => "min_tls_version",
            Self::AlwaysUseHttps => "always_use_https",
            Self::OriginMaxHttpVersion => "origin_max_http_version",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == text)
    }
}

/// One setting with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Ssl(SslMode),
    Grpc(bool),
    Http2(bool),
    MinTlsVersion(MinTlsVersion),
    AlwaysUseHttps(bool),
    OriginMaxHttpVersion(OriginMaxHttpVersion),
}

impl Setting {
    /// Reads a value in the form of the API, which is also the form of the rows.
    pub fn parse(id: SettingId, value: &Value) -> Option<Self> {
        Some(match id {
            SettingId::Ssl => Self::Ssl(SslMode::parse(value.as_str()?)?),
            SettingId::Grpc => Self::Grpc(switch(value)?),
            SettingId::Http2 => Self::Http2(switch(value)?),
            SettingId::AlwaysUseHttps => Self::AlwaysUseHttps(switch(value)?),
            SettingId::MinTlsVersion => Self::MinTlsVersion(serde_json::from_value(value.clone()).ok()?),
            SettingId::OriginMaxHttpVersion => {
                Self::OriginMaxHttpVersion(serde_json::from_value(value.clone()).ok()?)
            }
        })
    }

    pub fn of(id: SettingId, settings: &Settings) -> Self {
        match id {
            SettingId::Ssl => Self::Ssl(settings.edge.ssl()),
            SettingId::Grpc => Self::Grpc(settings.edge.grpc()),
            SettingId::Http2 => Self::Http2(settings.http2),
            SettingId::MinTlsVersion => Self::MinTlsVersion(settings.visitor_tls.min_version()),
            SettingId::AlwaysUseHttps => Self::AlwaysUseHttps(settings.always_use_https),
            SettingId::OriginMaxHttpVersion => Self::OriginMaxHttpVersion(settings.origin_max_http_version),
        }
    }

    pub fn id(self) -> SettingId {
        match self {
            Self::Ssl(_) => SettingId::Ssl,
            Self::Grpc(_) => SettingId::Grpc,
            Self::Http2(_) => SettingId::Http2,
            Self::MinTlsVersion(_) => SettingId::MinTlsVersion,
            Self::AlwaysUseHttps(_) => SettingId::AlwaysUseHttps,
            Self::OriginMaxHttpVersion(_) => SettingId::OriginMaxHttpVersion,
        }
    }

    pub fn value(self) -> Value {
        match self {
            Self::Ssl(mode) => json!(mode),
            Self::Grpc(on) | Self::Http2(on) | Self::AlwaysUseHttps(on) => {
                json!(if on { "on" } else { "off" })
            }
            Self::MinTlsVersion(version) => json!(version),
            Self::OriginMaxHttpVersion(version) => json!(version),
        }
    }
}

fn switch(value: &Value) -> Option<bool> {
    match value.as_str()? {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// Settings that cannot stand beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    #[error(transparent)]
    Grpc(#[from] GrpcNeedsEncryptedOrigin),
    #[error(transparent)]
    Tls(#[from] NoTlsVersion),
}

/// `settings` with some of them changed. What constrains each other is judged by what it is in the end, so all of it can be
/// changed together in any order.
pub fn changed(mut settings: Settings, changes: &[Setting]) -> Result<Settings, Impossible> {
    let (mut ssl, mut grpc) = (settings.edge.ssl(), settings.edge.grpc());
    let mut min_tls_version = settings.visitor_tls.min_version();
    for change in changes {
        match *change {
            Setting::Ssl(mode) => ssl = mode,
            Setting::Grpc(on) => grpc = on,
            Setting::Http2(on) => settings.http2 = on,
            Setting::MinTlsVersion(version) => min_tls_version = version,
            Setting::AlwaysUseHttps(on) => settings.always_use_https = on,
            Setting::OriginMaxHttpVersion(version) => settings.origin_max_http_version = version,
        }
    }
    settings.edge = Edge::new(ssl, grpc)?;
    let tls = settings.visitor_tls;
    settings.visitor_tls =
        VisitorTls::new(min_tls_version, tls.tls_1_3(), tls.tls_1_2_only(), tls.ciphers())?;
    Ok(settings)
}

/// The settings of a zone and when each was last changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub settings: Settings,
    pub modified_on: HashMap<SettingId, Timestamp>,
}

pub async fn load(conn: &mut PgConnection, zone: &Zone) -> Result<Stored, DbError> {
    let rows = sqlx::query!(
        "select id, value, modified_on from zone_settings where zone_id = $1",
        zone.id.to_string()
    )
    .fetch_all(conn)
    .await?;
    let mut settings = Settings { edge: zone.edge, ..Settings::default() };
    let mut modified_on = HashMap::new();
    modified_on.extend(zone.ssl_modified_on.map(|at| (SettingId::Ssl, at)));
    modified_on.extend(zone.grpc_modified_on.map(|at| (SettingId::Grpc, at)));
    for row in rows {
        let setting = read(&row.id, &row.value)?;
        settings =
            changed(settings, &[setting]).map_err(|_| DbError::Corrupt { column: "zone_settings.id" })?;
        modified_on.insert(setting.id(), row.modified_on.to_jiff());
    }
    Ok(Stored { settings, modified_on })
}

/// Reads a row of `zone_settings`.
pub fn read(id: &str, value: &Value) -> Result<Setting, DbError> {
    let id = SettingId::parse(id).ok_or(DbError::Corrupt { column: "zone_settings.id" })?;
    Setting::parse(id, value).ok_or(DbError::Corrupt { column: "zone_settings.value" })
}

/// Writes the given settings of a locked zone, `settings` being what results from all of them.
pub async fn write(
    change: &mut Change,
    zone: ZoneId,
    settings: &Settings,
    ids: &[SettingId],
) -> Result<(), DbError> {
    let at = change.at().to_sqlx();
    for id in ids {
        if !matches!(id, SettingId::Ssl | SettingId::Grpc) {
            let value = Setting::of(*id, settings).value();
            sqlx::query!(
                "insert into zone_settings (zone_id, id, value, modified_on) values ($1, $2, $3, $4)
                 on conflict (zone_id, id) do update set value = excluded.value, modified_on = excluded.modified_on",
                zone.to_string(),
                id.as_str(),
                value,
                at
            )
            .execute(change.conn())
            .await?;
        }
    }
    sqlx::query!(
        "update zones set ssl = $2, grpc = $3, modified_on = $4,
                ssl_modified_on = case when $5 then $4 else ssl_modified_on end,
                grpc_modified_on = case when $6 then $4 else grpc_modified_on end
         where id = $1",
        zone.to_string(),
        settings.edge.ssl().as_str(),
        settings.edge.grpc(),
        at,
        ids.contains(&SettingId::Ssl),
        ids.contains(&SettingId::Grpc)
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone);
    Ok(())
}
