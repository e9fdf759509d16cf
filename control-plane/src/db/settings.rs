//! The settings of a zone. `ssl` and `grpc` are columns of the zone, the others rows that exist once they were changed.

use super::{DbError, change::Change, zones::Zone};
use crate::settings::{Setting, SettingId, changed};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use policy::{id::ZoneId, settings::Settings};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;

/// The settings of a zone: as nodes enforce them, and as they were chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub settings: Settings,
    /// Whether the zone has a certificate to show, whoever issued it.
    pub has_certificate: bool,
    chosen: HashMap<SettingId, Chosen>,
}

#[derive(Debug, Clone, PartialEq)]
struct Chosen {
    value: Value,
    modified_on: Option<Timestamp>,
}

impl Stored {
    /// The value that was chosen, or the default.
    pub fn value(&self, id: SettingId) -> Value {
        self.chosen.get(&id).map_or_else(|| id.default(), |chosen| chosen.value.clone())
    }

    /// `None` if it was never changed.
    pub fn modified_on(&self, id: SettingId) -> Option<Timestamp> {
        self.chosen.get(&id)?.modified_on
    }

    /// The same with `wanted` chosen at that time, of which `settings` is what results.
    #[must_use]
    pub fn with(mut self, settings: Settings, wanted: &[Setting], at: Timestamp) -> Self {
        self.settings = settings;
        self.chosen.extend(
            wanted.iter().map(|setting| {
                (setting.id(), Chosen { value: setting.value().clone(), modified_on: Some(at) })
            }),
        );
        self
    }
}

pub async fn load(conn: &mut PgConnection, zone: &Zone) -> Result<Stored, DbError> {
    let rows = sqlx::query!(
        r#"select s.id as "id?", s.value as "value?", s.modified_on as "modified_on?",
                  exists (select from certificates c where c.zone_id = $1 and not c.expired) as "has_certificate!"
           from (values ($1)) z (id) left join zone_settings s on s.zone_id = z.id"#,
        zone.id.to_string()
    )
    .fetch_all(conn)
    .await?;
    let grpc = if zone.edge.grpc() { "on" } else { "off" };
    let mut chosen = HashMap::from([
        (SettingId::SSL, Chosen { value: json!(zone.edge.ssl()), modified_on: zone.ssl_modified_on }),
        (SettingId::GRPC, Chosen { value: json!(grpc), modified_on: zone.grpc_modified_on }),
    ]);
    let mut enforced = Vec::new();
    let has_certificate = rows.first().is_some_and(|row| row.has_certificate);
    for row in rows {
        let (Some(id), Some(value)) = (row.id, row.value) else { continue };
        let setting = read(&id, &value)?;
        enforced.extend(setting.enforced());
        let modified_on = row.modified_on.map(jiff_sqlx::Timestamp::to_jiff);
        chosen.insert(setting.id(), Chosen { value, modified_on });
    }
    let settings = changed(Settings { edge: zone.edge, ..Settings::default() }, enforced)
        .map_err(|_| DbError::Corrupt { column: "zone_settings.value" })?;
    Ok(Stored { settings, has_certificate, chosen })
}

/// Reads a row of `zone_settings`.
pub fn read(id: &str, value: &Value) -> Result<Setting, DbError> {
    let id = SettingId::parse(id).ok_or(DbError::Corrupt { column: "zone_settings.id" })?;
    Setting::new(id, value).ok_or(DbError::Corrupt { column: "zone_settings.value" })
}

/// Writes the given settings of a locked zone, each at most once, in one statement; `settings` is what results from them.
pub async fn write(
    change: &mut Change,
    zone: ZoneId,
    settings: &Settings,
    wanted: &[Setting],
) -> Result<(), DbError> {
    let asks_for = |id| wanted.iter().any(|setting| setting.id() == id);
    let (ssl, grpc) = (asks_for(SettingId::SSL), asks_for(SettingId::GRPC));
    let rows = wanted.iter().filter(|setting| ![SettingId::SSL, SettingId::GRPC].contains(&setting.id()));
    let (ids, values): (Vec<String>, Vec<Value>) =
        rows.map(|setting| (setting.id().as_str().to_owned(), setting.value().clone())).unzip();
    let at = change.at().to_sqlx();
    sqlx::query!(
        "with written as (
             insert into zone_settings (zone_id, id, value, modified_on)
             select $1, id, value, $4 from unnest($7::text[], $8::jsonb[]) as t (id, value)
             on conflict (zone_id, id) do update set value = excluded.value, modified_on = excluded.modified_on
         )
         update zones set ssl = $2, grpc = $3, modified_on = $4,
                ssl_modified_on = case when $5 then $4 else ssl_modified_on end,
                grpc_modified_on = case when $6 then $4 else grpc_modified_on end
         where id = $1",
        zone.to_string(),
        settings.edge.ssl().as_str(),
        settings.edge.grpc(),
        at,
        ssl,
        grpc,
        &ids,
        &values
    )
    .execute(change.conn())
    .await?;
    change.publish_zone(zone);
    Ok(())
}
