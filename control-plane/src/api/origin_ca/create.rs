use super::view::OriginCertificate;
use crate::{
    api::{
        App,
        body::{Body, Whole},
        caller::Caller,
        envelope::{Envelope, Reply},
        error::{ApiError, Result},
        permission::Permission,
    },
    certificates::{
        key_kind::KeyKind,
        origin_ca::{HOSTNAMES_MAX, Order, VALIDITY_DAYS, VALIDITY_DAYS_DEFAULT, issue},
        request::SigningRequest,
    },
    db::{
        audit::Entry,
        change::Change,
        origin_ca::{self, RequestType},
    },
};
use axum::extract::State;
use policy::{hostname::Hostname, id::AccountId};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewOriginCertificate {
    /// PEM. Its public key is certified; names and extensions in it are passed over.
    csr: String,
    /// Names and wildcards, each within a zone of one account.
    hostnames: Vec<String>,
    #[schema(value_type = String)]
    request_type: RequestType,
    /// Days: 7, 30, 90, 365, 730, 1095 or 5475.
    #[schema(value_type = Option<i64>)]
    requested_validity: Option<Whole>,
}

/// Signs a certificate for an origin.
#[utoipa::path(post, path = "/certificates", tag = "origin ca", request_body = NewOriginCertificate,
    responses((status = 200, body = Envelope<OriginCertificate>)))]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewOriginCertificate>,
) -> Result<Reply<OriginCertificate>> {
    let hostnames = hostnames(&body.hostnames)?;
    let request = request(&body)?;
    let validity_days = validity_days(body.requested_validity)?;
    let mut change = Change::begin(&app.pool, &caller.actor).await?;
    let account = owner(&mut change, &caller, &hostnames).await?;
    caller.may_in(Permission::SslWrite, account)?;
    let order =
        Order { account, request, csr: body.csr, hostnames, request_type: body.request_type, validity_days };
    let certificate = issue(&mut change, &app.master_key, order).await?;
    let entry = Entry::elsewhere("origin_ca.create", "origin_ca_certificate", &certificate.id, Some(account));
    change.audit(entry.after(json!({ "hostnames": body.hostnames, "expires_on": certificate.expires_on })));
    let revision = change.commit().await?;
    Ok(Reply::new(certificate.into()).committed(revision))
}

fn hostnames(texts: &[String]) -> Result<Vec<Hostname>> {
    if texts.is_empty() || texts.len() > HOSTNAMES_MAX {
        return Err(ApiError::refused(
            1010,
            format!("Failed to validate requested hostnames: name 1 to {HOSTNAMES_MAX} of them."),
        ));
    }
    let mut names: Vec<Hostname> = Vec::new();
    for text in texts {
        let name = Hostname::parse_pattern(text).map_err(|error| {
            ApiError::refused(1010, format!("Failed to validate requested hostname {text:?}: {error}."))
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn request(body: &NewOriginCertificate) -> Result<SigningRequest> {
    let invalid = |reason: String| ApiError::invalid("/csr", format!("Invalid value for `csr`: {reason}"));
    let request = SigningRequest::check(&body.csr).map_err(|error| invalid(error.to_string()))?;
    let fits = match body.request_type {
        RequestType::OriginRsa => matches!(request.kind, KeyKind::Rsa(_)),
        RequestType::OriginEcc => matches!(request.kind, KeyKind::P256 | KeyKind::P384),
        RequestType::KeylessCertificate => true,
    };
    if fits {
        Ok(request)
    } else {
        Err(invalid(format!("its key is {}, which is not of the request_type", request.kind)))
    }
}

fn validity_days(wanted: Option<Whole>) -> Result<i32> {
    let Some(Whole(days)) = wanted.filter(|days| days.0 != 0) else { return Ok(VALIDITY_DAYS_DEFAULT) };
    VALIDITY_DAYS.into_iter().find(|allowed| i64::from(*allowed) == days).ok_or_else(|| {
        let message = format!("Invalid value for `requested_validity`: it is one of {VALIDITY_DAYS:?} days");
        ApiError::invalid("/requested_validity", message)
    })
}

/// The one account of the caller's in whose zones all the names lie.
async fn owner(change: &mut Change, caller: &Caller, names: &[Hostname]) -> Result<AccountId> {
    let zones = origin_ca::zones_above(change.conn(), &caller.accounts, names).await?;
    let mut owner = None;
    for name in names {
        let found = zones.iter().find(|(zone, _)| name.is_within(zone)).map(|(_, account)| *account);
        let outside = || {
            ApiError::refused(
                1010,
                format!("Failed to validate requested hostname {name}: it lies in none of your zones."),
            )
        };
        let account = found.ok_or_else(outside)?;
        if *owner.get_or_insert(account) != account {
            return Err(ApiError::refused(
                1010,
                "Failed to validate requested hostnames: they belong to several accounts.",
            ));
        }
    }
    owner.ok_or(ApiError::Unauthorized)
}
