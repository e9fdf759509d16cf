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
use serde_json::json;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make an API token for a person, straight in the database.
    Create(Create),
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
            Self::Enrolment(enrolment) => enrolment.run().await?,
        };
        println!("{text}");
        Ok(())
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<String> {
        let pool = self.database.connect().await?;
        let user = callers::user_by_email(&mut *pool.acquire().await?, &self.email).await?;
        let user = user.with_context(|| format!("nobody here has the e-mail address {}", self.email))?;
        let token = NewToken { owner: Owner::User(user), name: self.name, expires_on: None };
        Ok(callers::create_token(&pool, &Actor::system("orangery token create", Clock::System.now()), &token).await?)
    }
}

impl Enrolment {
    async fn run(self) -> anyhow::Result<String> {
        let wanted = json!({ "name": self.name, "uses": self.uses });
        let made = self.access.api()?.post("/orangery/enrolment_tokens", wanted).await?;
        Ok(made["value"].as_str().context("the API sent no token")?.to_owned())
    }
}
