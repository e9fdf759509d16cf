//! One server for all tests of a process, and a database for each test.

use std::{
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sqlx::postgres::PgConnectOptions;

use crate::{Download, Durability, Error, Options, Temporary, admin};

const PREFIX: &str = "orangery_test_";
const CONNECTIONS_MAX: u32 = 300;

/// On a server that is somebody's own, databases of yesterday's tests are dropped.
const STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

static SHARED: OnceLock<Result<TestServer, Error>> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// The server tests use.
#[derive(Debug)]
pub enum TestServer {
    /// The one `DATABASE_URL` names.
    Given(url::Url),
    /// One of our own, which ends with this process.
    Own(Temporary),
}

impl TestServer {
    fn start() -> Result<Self, Error> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(given) = set("DATABASE_URL") {
            let url = url::Url::parse(&given)?;
            // Sweeping is a courtesy: a server that does not take it may still make databases.
            admin::drop_stale(connect_options(&url)?, PREFIX, now(), STALE_AFTER).ok();
            return Ok(Self::Given(url));
        }
        let download = match set("ORANGERY_PG_DOWNLOAD").as_deref() {
            Some("1" | "true") => Download::Allowed,
            _ => Download::Never,
        };
        let options = Options {
            download,
            durability: Durability::Fast,
            connections_max: CONNECTIONS_MAX,
            ..Options::new("")
        };
        Temporary::start(&options, &|_| ()).map(Self::Own)
    }

    /// Makes an empty database with a name nobody else has, in about 30 ms, and returns its URL.
    pub fn create_database(&self) -> Result<String, Error> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{}_{number}", now(), std::process::id());
        match self {
            Self::Own(cluster) => cluster.create_database(&name),
            Self::Given(url) => {
                admin::create_database(connect_options(url)?, &name)?;
                let mut url = url.clone();
                url.set_path(&name);
                Ok(url.into())
            }
        }
    }
}

/// The server of this test process, started at the first call.
pub fn shared_for_tests() -> Result<&'static TestServer, &'static Error> {
    SHARED.get_or_init(TestServer::start).as_ref()
}

/// The URL of a new and empty database.
///
/// # Panics
/// If there is no server to be had, since no test could go on without.
pub fn test_database() -> String {
    let made = shared_for_tests().map(TestServer::create_database);
    match made {
        Ok(Ok(url)) => url,
        Ok(Err(error)) => panic!("no database for this test: {}", chain(&error)),
        Err(error) => panic!("no PostgreSQL for tests: {}", chain(error)),
    }
}

fn chain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        said = format!("{said}: {cause}");
        next = cause.source();
    }
    said
}

fn connect_options(url: &url::Url) -> Result<PgConnectOptions, Error> {
    PgConnectOptions::from_str(url.as_str())
        .map_err(|source| Error::Sql { doing: "read DATABASE_URL", source })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
