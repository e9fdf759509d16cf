use super::view::audited;
use crate::{
    api::{
        App,
        caller::Caller,
        envelope::{Deleted, Envelope, Reply},
        error::Result,
        path::Id,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::clear_zone,
    db::{audit::Entry, zones},
};
use axum::extract::State;
use policy::id::ZoneId;

/// Deletes a zone with everything in it.
#[utoipa::path(delete, path = "/zones/{zone_id}", tag = "zones", responses((status = 200, body = Envelope<Deleted>)))]
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
) -> Result<Reply<Deleted>> {
    let (mut change, zone) = scope::change(&app, &caller, Permission::ZoneWrite, id, &if_match).await?;
    clear_zone(&mut change, id).await?;
    zones::delete(&mut change, id).await?;
    change.audit(Entry::in_zone("zone.delete", "zone", id, zone.account, id).before(audited(&zone)));
    let revision = change.commit().await?;
    Ok(Reply::new(Deleted { id: id.to_string() }).committed(revision))
}
