//! Who is calling and what they may do. No handler without it, but for the few that are meant for everybody.

use super::{
    App,
    error::{ApiError, Result},
    permission::Permission,
    ray::{Peer, Ray},
};
use crate::db::{
    callers::{self, API_KEY_DIGITS, Owner, Token},
    change::{Actor, Who},
    zones::Zone,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use policy::id::{AccountId, UserId};
use sha2::{Digest as _, Sha256};

const TOKEN_CHARACTERS_MAX: usize = 512;
const EMAIL_CHARACTERS_MAX: usize = 320;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub actor: Actor,
    /// Absent for tokens that belong to an account.
    pub user: Option<UserId>,
    /// The token they came with; absent for the global key.
    pub token: Option<Token>,
    pub accounts: Vec<AccountId>,
    operator: bool,
}

impl Caller {
    /// Whether the caller may do this in a zone.
    pub(crate) fn may(&self, permission: Permission, zone: &Zone) -> Result<()> {
        self.may_in(permission, zone.account).map_err(|_| ApiError::ZoneRefused)
    }

    /// Whether the caller may do this in an account.
    pub(crate) fn may_in(&self, permission: Permission, account: AccountId) -> Result<()> {
        if self.accounts.contains(&account) {
            return Ok(());
        }
        tracing::debug!(permission = permission.name(), %account, "refused");
        Err(ApiError::Unauthorized)
    }

    /// Whether the caller may do this to the installation itself.
    pub(crate) fn may_operate(&self, permission: Permission) -> Result<()> {
        if self.operator {
            return Ok(());
        }
        tracing::debug!(permission = permission.name(), "refused");
        Err(ApiError::Unauthorized)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let at = app.clock.now();
        let actor = |who| Actor {
            who,
            ip: parts.extensions.get::<Peer>().map(|peer| peer.0.ip()),
            ray: parts.extensions.get::<Ray>().map(|ray| ray.0.clone()),
            at,
        };
        let credentials = credentials(&parts.headers)?;
        let visit = app.rate_limit.knock(credentials.hash(), parts, at)?;
        let mut conn = app.conn().await?;
        match credentials {
            Credentials::Bearer(text) => {
                let Some(token) = callers::token(&mut conn, text, at).await? else {
                    return Err(visit.turn_away(ApiError::InvalidAccessToken));
                };
                visit.let_in()?;
                callers::touch(&mut conn, &token, at).await?;
                let user = if let Owner::User(user) = token.owner { Some(user) } else { None };
                let (accounts, operator) = (token.accounts.clone(), token.operator);
                Ok(Self { actor: actor(token.who()), user, token: Some(token), accounts, operator })
            }
            Credentials::Key { email, key } => {
                let Some(person) = callers::person(&mut conn, email, key).await? else {
                    return Err(visit.turn_away(ApiError::UnknownKey));
                };
                visit.let_in()?;
                let who = Who::User { id: person.id, token: None };
                let (accounts, operator) = (person.accounts, person.operator);
                Ok(Self { actor: actor(who), user: Some(person.id), token: None, accounts, operator })
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Credentials<'a> {
    Bearer(&'a str),
    Key { email: &'a str, key: &'a str },
}

impl Credentials<'_> {
    /// What tells callers apart before anybody knows who they are.
    fn hash(&self) -> [u8; 32] {
        match self {
            Self::Bearer(token) => Sha256::digest(token),
            Self::Key { email, key } => Sha256::digest(format!("{} {key}", email.to_lowercase())),
        }
        .into()
    }
}

/// `Authorization` wins over the X-Auth pair, since some clients send both.
fn credentials(headers: &HeaderMap) -> Result<Credentials<'_>> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer).ok_or(ApiError::MalformedAuthorization)?;
        return Ok(Credentials::Bearer(token));
    }
    match (headers.get("x-auth-email"), headers.get("x-auth-key")) {
        (None, None) => Err(ApiError::MissingCredentials),
        (Some(_), None) => Err(ApiError::HalfCredentials("X-Auth-Email")),
        (None, Some(_)) => Err(ApiError::HalfCredentials("X-Auth-Key")),
        (Some(email), Some(key)) => {
            let email =
                email.to_str().ok().filter(|email| !email.is_empty() && email.len() <= EMAIL_CHARACTERS_MAX);
            let key = key.to_str().ok().filter(|key| is_api_key(key));
            let (Some(email), Some(key)) = (email, key) else { return Err(ApiError::MalformedKey) };
            Ok(Credentials::Key { email, key })
        }
    }
}

/// The token of `Bearer <token68>` (RFC 7235, 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_token68 = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let fits = (1..=TOKEN_CHARACTERS_MAX).contains(&token.len()) && token.bytes().all(is_token68);
    (scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

fn is_api_key(key: &str) -> bool {
    key.len() == API_KEY_DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}
