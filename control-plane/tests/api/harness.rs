//! A control plane with a database of its own, and callers to talk to it.

use axum::body::Body;
use control_plane::{
    api::{self, App, Bookmarks, Fleet, RateLimit, Timeouts},
    clock::Clock,
    db::{
        self, accounts,
        bootstrap::{self, First},
        callers::{self, NewToken, NewUser, Owner},
        change::{Actor, Change},
    },
    secrets::MasterKey,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use policy::id::{AccountId, UserId};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// Where the clock of every test stands at first.
pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";

/// One control plane.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) admin: Tenant,
}

/// A person with an account of their own.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) user: UserId,
    pub(crate) account: AccountId,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        let pool = db::connect(dev_postgres::test_database().parse().unwrap(), 8).await.unwrap();
        db::migrate(&pool).await.unwrap();
        let now: Timestamp = NOW.parse().unwrap();
        let app = App {
            pool,
            clock: Clock::fixed(now),
            master_key: MasterKey::generate().unwrap(),
            colo: Arc::from("TST"),
            edge_ranges: Arc::from(["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]),
            fleet: Fleet {
                addresses: Arc::from(["control.example.com:9443".to_owned()]),
                reported: tokio::sync::watch::channel(0).1,
            },
            rate_limit: RateLimit::new(0),
            timeouts: Timeouts::default(),
            bookmarks: Bookmarks::default(),
        };
        let first = First { account: "first".into(), email: "admin@example.com".into() };
        bootstrap::ensure(&app.pool, now, &first, None).await.unwrap();
        let admin = admin(&app).await;
        Self { app, admin }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::system("test", self.app.clock.now())
    }

    /// Somebody else, with an account of their own.
    pub(crate) async fn tenant(&self, email: &str) -> Tenant {
        let mut change = Change::begin(&self.app.pool, &self.actor()).await.unwrap();
        let account = accounts::create(&mut change, email).await.unwrap();
        let user =
            callers::create_user(&mut change, &NewUser { email: email.into(), account, operator: false })
                .await
                .unwrap();
        change.commit().await.unwrap();
        let token = self.token(Owner::User(user)).await;
        Tenant { user, account, token }
    }

    pub(crate) async fn token(&self, owner: Owner) -> String {
        let token = NewToken { owner, name: "test".into(), expires_on: None };
        callers::create_token(&self.app.pool, &self.actor(), &token).await.unwrap()
    }

    /// Sends a request exactly as it is given. Paths are those after `/client/v4`.
    pub(crate) async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let request: Request<Body> = request.body(body.into()).unwrap();
        let response = api::service(self.app.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| json!({"text": String::from_utf8_lossy(&bytes)}));
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn call(
        &self,
        tenant: &Tenant,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let bearer = format!("Bearer {}", tenant.token);
        let request = request(method, path).header(header::AUTHORIZATION, bearer);
        self.send(request, body.map(|body| body.to_string()).unwrap_or_default()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(&self.admin, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(&self.admin, Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(&self.admin, Method::DELETE, path, None).await
    }

    /// A new zone's path, such as `/zones/<id>`.
    pub(crate) async fn zone(&self, name: &str) -> String {
        let zone = self.post("/zones", json!({"name": name})).await.ok();
        format!("/zones/{}", zone["id"].as_str().unwrap())
    }

    /// Adds a record and returns it.
    pub(crate) async fn record(&self, zone: &str, record: Value) -> Value {
        self.post(&format!("{zone}/dns_records"), record).await.ok()
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.app.pool).await.unwrap()
    }
}

pub(crate) fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("/client/v4{path}"))
}

async fn admin(app: &App) -> Tenant {
    let (user, account): (String, String) =
        sqlx::query_as("select user_id, account_id from memberships").fetch_one(&app.pool).await.unwrap();
    let (user, account) = (user.parse().unwrap(), account.parse().unwrap());
    let token = NewToken { owner: Owner::User(user), name: "admin".into(), expires_on: None };
    let token =
        callers::create_token(&app.pool, &Actor::system("test", app.clock.now()), &token).await.unwrap();
    Tenant { user, account, token }
}

impl Answer {
    /// The result of what must have succeeded, in the shape of the envelope.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.is_enveloped();
        assert_eq!(self.body["success"], true, "{}", self.body);
        self.body["result"].clone()
    }

    /// Status and first code of what must have been refused, in the shape of the envelope.
    #[track_caller]
    pub(crate) fn refused(&self) -> (u16, i64) {
        assert!(!self.status.is_success(), "{}", self.body);
        self.is_enveloped();
        assert_eq!(
            (&self.body["success"], &self.body["result"]),
            (&json!(false), &Value::Null),
            "{}",
            self.body
        );
        (self.status.as_u16(), self.body["errors"][0]["code"].as_i64().unwrap())
    }

    #[track_caller]
    pub(crate) fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    fn is_enveloped(&self) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.body);
        assert!(self.body["errors"].is_array() && self.body["messages"].is_array(), "{}", self.body);
        assert!(self.body.get("result").is_some(), "{}", self.body);
        let ray = self.header("cf-ray").unwrap();
        assert!(ray.len() == 20 && ray.ends_with("-TST"), "{ray}");
    }
}
