//! `orangery token`: tokens for people and programs, and for new nodes.

use crate::{database::Database, setup::ApiAccess};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use control_plane::{
    clock::Clock,
    db::{
        callers::{self, NewToken, Owner},
        change::Actor,
    },
};
use policy::id::UserId;
use serde_json::json;
use sqlx::PgPool;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make an API token for a person, straight in the database.
    Create(Create),
    /// Make the global API key of a person, for clients that send X-Auth-Email and X-Auth-Key; an older key ends.
    Key(Key),
    /// Make an enrolment token for new nodes, through the REST API.
    Enrolment(Enrolment),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    database: Database,
    /// Whose token it is.
    #[arg(long, default_value = "admin@localhost")]
    email: String,
    #[arg(long, default_value = "orangery token create")]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct Key {
    #[command(flatten)]
    database: Database,
    /// Whose key it is.
    #[arg(long, default_value = "admin@localhost")]
    email: String,
}

#[derive(Debug, Args)]
pub(crate) struct Enrolment {
    #[command(flatten)]
    access: ApiAccess,
    #[arg(long, default_value = "orangery token enrolment")]
    name: String,
    /// How many nodes it admits.
    #[arg(long, default_value_t = 1)]
    uses: u32,
}

impl Token {
    /// Prints the token, which is shown only now.
    #[expect(clippy::print_stdout, reason = "the token is what the command is for")]
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let text = match self {
            Self::Create(create) => create.run().await?,
            Self::Key(key) => key.run().await?,
            Self::Enrolment(enrolment) => enrolment.run().await?,
        };
        println!("{text}");
        Ok(())
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<String> {
        let pool = self.database.connect().await?;
        let user = person(&pool, &self.email).await?;
        let token = NewToken { owner: Owner::User(user), name: self.name, expires_on: None };
        Ok(callers::create_token(&pool, &Actor::system("orangery token create", Clock::System.now()), &token)
            .await?)
    }
}

impl Key {
    async fn run(self) -> anyhow::Result<String> {
        let pool = self.database.connect().await?;
        let user = person(&pool, &self.email).await?;
        Ok(callers::create_api_key(&pool, &Actor::system("orangery token key", Clock::System.now()), user)
            .await?)
    }
}

async fn person(pool: &PgPool, email: &str) -> anyhow::Result<UserId> {
    let user = callers::user_by_email(&mut *pool.acquire().await?, email).await?;
    user.with_context(|| format!("nobody here has the e-mail address {email}"))
}

impl Enrolment {
    async fn run(self) -> anyhow::Result<String> {
        let wanted = json!({ "name": self.name, "uses": self.uses });
        let made = self.access.api()?.post("/orangery/enrolment_tokens", wanted).await?;
        Ok(made["value"].as_str().context("the API sent no token")?.to_owned())
    }
}
