use super::{refusal, view::CustomCertificate};
use crate::{
    api::{
        App,
        body::{Body, Whole},
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        path::Id,
        permission::Permission,
        scope::{self, IfMatch},
    },
    certificates::custom::CERTIFICATES_PER_ZONE_MAX,
    db::{
        audit::Entry,
        certificates::{self, Certificate, Source},
        change::Change,
    },
};
use axum::extract::State;
use policy::id::{CertificateId, ZoneId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

const PRIORITY_MAX: i64 = 1_000_000;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Priorities {
    certificates: Vec<Priority>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Priority {
    // Older clients spell it in capitals.
    #[serde(alias = "ID")]
    id: String,
    /// 0 to 1,000,000; higher goes first among those of one type.
    #[schema(value_type = i64)]
    priority: Whole,
}

/// Says in which order certificates that cover the same name are shown to visitors. Those that are not named keep their
/// priority.
#[utoipa::path(put, path = "/zones/{zone_id}/custom_certificates/prioritize", tag = "certificates", request_body = Priorities,
    responses((status = 200, body = Envelope<Vec<CustomCertificate>>)))]
pub(super) async fn prioritize(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ZoneId>,
    if_match: IfMatch,
    Body(body): Body<Priorities>,
) -> Result<Reply<Vec<CustomCertificate>>> {
    let priorities = parse(&body)?;
    let (mut change, zone) = scope::change(&app, &caller, Permission::SslWrite, id, &if_match).await?;
    let now = change.at();
    let before = audited(&certificates::list_custom(change.conn(), id).await?);
    for (certificate, priority) in priorities {
        set(&mut change, id, certificate, priority).await?;
    }
    let held = certificates::list_custom(change.conn(), id).await?;
    let entry = Entry::in_zone("custom_certificate.prioritize", "zone", id, zone.account, id);
    change.audit(entry.before(before).after(audited(&held)));
    let committed = change.commit_zone(id).await?;
    let views = held.iter().map(|certificate| CustomCertificate::new(certificate, now)).collect();
    Ok(Reply::new(views).etag(committed.zone).committed(committed.newest))
}

fn parse(body: &Priorities) -> Result<Vec<(CertificateId, i32)>> {
    let pointer = |index: usize, field: &str| format!("/certificates/{index}/{field}");
    if body.certificates.is_empty() || body.certificates.len() > CERTIFICATES_PER_ZONE_MAX {
        let message = format!("Invalid request: name 1 to {CERTIFICATES_PER_ZONE_MAX} certificates");
        return Err(ApiError::invalid("/certificates", message));
    }
    let parsed = body.certificates.iter().enumerate().map(|(index, entry)| {
        let id = entry
            .id
            .parse()
            .map_err(|error| ApiError::invalid(pointer(index, "id"), format!("Invalid request: {error}")))?;
        let priority = i32::try_from(entry.priority.0)
            .ok()
            .filter(|priority| (0..=PRIORITY_MAX).contains(&i64::from(*priority)));
        let message = format!("Invalid request: a priority is 0 to {PRIORITY_MAX}");
        Ok((id, priority.ok_or_else(|| ApiError::invalid(pointer(index, "priority"), message))?))
    });
    parsed.collect()
}

/// The priority of each certificate, by its id.
fn audited(certificates: &[Certificate]) -> Value {
    let priorities = certificates.iter().filter_map(|certificate| match &certificate.source {
        Source::Custom(options) => Some((certificate.id.to_string(), json!(options.priority))),
        Source::Edge => None,
    });
    Value::Object(priorities.collect())
}

async fn set(change: &mut Change, zone: ZoneId, id: CertificateId, priority: i32) -> Result<()> {
    let former = certificates::find_custom(change.conn(), zone, id).await?.ok_or_else(refusal::unknown)?;
    let Source::Custom(mut options) = former.source.clone() else { return Ok(()) };
    options.priority = priority;
    let certificate = Certificate { source: Source::Custom(options), modified_on: change.at(), ..former };
    Ok(certificates::save(change, &certificate).await?)
}
