//! A control plane in this process, on a database of its own.

use crate::{rest::Api, scratch::Scratch};
use anyhow::Context as _;
use clap::Parser as _;
use control_plane::{
    clock::Clock,
    config::Config,
    db::{
        self, accounts,
        callers::{self, NewToken, Owner},
        change::{Actor, Change},
    },
    serve::{Running, serve},
};
use serde_json::json;

pub struct ControlPlane {
    pub api: Api,
    pub database_url: String,
    pub enrolment_token: String,
    running: Running,
    scratch: Scratch,
}

/// A control plane on an empty database.
pub async fn control_plane() -> anyhow::Result<ControlPlane> {
    ControlPlane::start(&dev_postgres::test_database()).await
}

impl ControlPlane {
    pub async fn start(database_url: &str) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let file = |name: &str| scratch.join(name).to_string_lossy().into_owned();
        let (token, key) = (file("token"), file("master-key"));
        let config = Config::try_parse_from([
            "orangery-control-plane",
            "--listen=127.0.0.1:0",
            "--link-listen=127.0.0.1:0",
            "--admin-listen=127.0.0.1:0",
            // One token makes all the writes of a test.
            "--api-rate-limit=0",
            &format!("--database-url={database_url}"),
            &format!("--master-key-file={key}"),
            &format!("--bootstrap-token-file={token}"),
        ])?;
        let running = serve(config, Clock::System).await?;
        let api =
            Api::new(running.api_addr, std::fs::read_to_string(&token).context("no first token")?.trim());
        let enrolment =
            api.post("/orangery/enrolment_tokens", json!({"name": "e2e", "uses": 64})).await?.granted()?;
        let enrolment_token = enrolment["value"].as_str().context("no enrolment token")?.to_owned();
        let database_url = database_url.to_owned();
        Ok(Self { api, database_url, enrolment_token, running, scratch })
    }

    /// Where the API listens.
    pub fn api_address(&self) -> std::net::SocketAddr {
        self.running.api_addr
    }

    /// Where nodes connect.
    pub fn link(&self) -> std::net::SocketAddr {
        self.running.link_addr
    }

    /// Another account with a token of its own: a tenant who knows nothing of the first.
    pub async fn tenant(&self, name: &str) -> anyhow::Result<Api> {
        let pool = db::connect(self.database_url.parse()?, 2).await?;
        let actor = Actor::system("e2e", Clock::System.now());
        let mut change = Change::begin(&pool, &actor).await?;
        let account = accounts::create(&mut change, name).await?;
        change.commit().await?;
        let token = NewToken { owner: Owner::Account(account), name: name.to_owned(), expires_on: None };
        let text = callers::create_token(&pool, &actor, &token).await?;
        pool.close().await;
        Ok(self.api.as_caller(&text))
    }

    /// Another token of the account that owns everything here.
    pub async fn another_token(&self) -> anyhow::Result<String> {
        let account = self.api.get("/accounts").await?.granted()?[0]["id"].clone();
        let account = account.as_str().context("an account without an id")?.parse()?;
        let token = NewToken { owner: Owner::Account(account), name: "another".to_owned(), expires_on: None };
        let pool = db::connect(self.database_url.parse()?, 2).await?;
        let text = callers::create_token(&pool, &Actor::system("e2e", Clock::System.now()), &token).await?;
        pool.close().await;
        Ok(text)
    }

    /// Mail address and a new global key of the person whose token the API was given.
    pub async fn email_and_key(&self) -> anyhow::Result<(String, String)> {
        let user = self.api.get("/user").await?.granted()?;
        let (id, email) =
            (user["id"].as_str().context("no id")?, user["email"].as_str().context("no email")?);
        let pool = db::connect(self.database_url.parse()?, 2).await?;
        let actor = Actor::system("e2e", Clock::System.now());
        let key = callers::create_api_key(&pool, &actor, id.parse()?).await?;
        pool.close().await;
        Ok((email.to_owned(), key))
    }

    /// The control plane goes away; what it wrote stays.
    pub async fn stop(self) -> Scratch {
        self.running.stop().await;
        self.scratch
    }
}
