use super::view::{Zone, audited};
use crate::{
    api::{
        App,
        body::Body,
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        permission::Permission,
    },
    certificates::furnish_zone,
    db::{
        audit::Entry,
        change::Change,
        zones::{self, ZoneKind},
    },
    random,
};
use axum::extract::State;
use policy::{
    hostname::Hostname,
    id::{AccountId, ZoneId},
};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewZone {
    name: String,
    /// May be absent if the caller has one account.
    account: Option<AccountRef>,
    /// Older clients call the account so.
    organization: Option<AccountRef>,
    #[schema(value_type = Option<String>)]
    r#type: Option<ZoneKind>,
    paused: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct AccountRef {
    id: Option<String>,
}

/// Adds a zone to an account. It is active at once.
#[utoipa::path(post, path = "/zones", tag = "zones", request_body = NewZone, responses((status = 200, body = Envelope<Zone>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewZone>,
) -> Result<Reply<Zone>> {
    let name = zone_name(&body.name)?;
    let account = account(&caller, &body)?;
    let id = ZoneId::from_bytes(random::bytes());
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    zones::lock_names(&mut change).await?;
    if zones::exists(change.conn(), &name).await? {
        return Err(ApiError::refused(1061, format!("{name} already exists")));
    }
    if zones::overlaps_another_account(change.conn(), &name, account).await? {
        return Err(ApiError::refused(
            1428,
            format!("{name} is on hold: it lies above or below a zone of another account"),
        ));
    }
    zones::insert(
        &mut change,
        id,
        &name,
        account,
        body.r#type.unwrap_or_default(),
        body.paused.unwrap_or_default(),
    )
    .await?;
    furnish_zone(&mut change, &app.master_key, id, &name).await?;
    let mut zone = zones::find(change.conn(), id).await?.ok_or(ApiError::ZoneRefused)?;
    change.audit(Entry::in_zone("zone.create", "zone", id, account, id).after(audited(&zone)));
    let revision = change.commit().await?;
    zone.revision = revision;
    Ok(Reply::new(zone.into()).etag(revision).committed(revision))
}

fn zone_name(text: &str) -> Result<Hostname> {
    let invalid =
        |reason: &dyn std::fmt::Display| ApiError::refused(1002, format!("Invalid domain: {reason}"));
    let name = Hostname::parse(text).map_err(|error| invalid(&error))?;
    if name.labels().count() < 2 {
        return Err(invalid(&"a zone has at least two labels"));
    }
    if text.contains('_') {
        return Err(invalid(&"a domain has no '_'"));
    }
    Ok(name)
}

/// The account that is to own the zone: the one that was named, or the caller's only one.
fn account(caller: &Caller, body: &NewZone) -> Result<AccountId> {
    let named =
        [&body.account, &body.organization].into_iter().flatten().find_map(|party| party.id.as_deref());
    let account = match (named.filter(|id| !id.is_empty()), caller.accounts.as_slice()) {
        (Some(id), _) => id.parse().map_err(|_| ApiError::MayNotCreateZones)?,
        (None, [only]) => *only,
        (None, []) => return Err(ApiError::MayNotCreateZones),
        (None, _) => {
            return Err(ApiError::invalid(
                "/account/id",
                "Invalid request: say which account, there are several",
            ));
        }
    };
    caller.may_in(Permission::ZoneWrite, account).map_err(|_| ApiError::MayNotCreateZones)?;
    Ok(account)
}
