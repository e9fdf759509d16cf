//! The few statements a launcher needs. They run on a thread with a runtime of its own, so that callers inside and
//! outside of an async runtime may use them alike.

use std::{thread, time::Duration};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::Error;

const STATEMENT_WITHIN: Duration = Duration::from_secs(30);

/// Each drop costs about 10 ms.
const STALE_DATABASES_PER_SWEEP_MAX: i64 = 50;

pub(crate) fn ensure_database(server: PgConnectOptions, name: &str) -> Result<(), Error> {
    let doing = "make the database";
    with_connection(server, doing, async |connection| {
        let known: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(name)
            .fetch_one(&mut *connection)
            .await?;
        if !known {
            create(connection, name).await?;
        }
        Ok(())
    })
}

pub(crate) fn create_database(server: PgConnectOptions, name: &str) -> Result<(), Error> {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() > 63 || !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(rest) {
        return Err(Error::DatabaseName { name: name.into() });
    }
    with_connection(server, "make a database", async |connection| create(connection, name).await)
}

/// Drops databases called `<prefix><unix seconds>_…` that are older than `age` and that nobody is connected to.
pub(crate) fn drop_stale(
    server: PgConnectOptions,
    prefix: &'static str,
    now: u64,
    age: Duration,
) -> Result<(), Error> {
    with_connection(server, "drop stale databases", async |connection| {
        let names: Vec<String> = sqlx::query_scalar(
            "select datname::text from pg_database d where starts_with(datname, $1)
             and not exists (select from pg_stat_activity a where a.datid = d.oid) limit $2",
        )
        .bind(prefix)
        .bind(STALE_DATABASES_PER_SWEEP_MAX)
        .fetch_all(&mut *connection)
        .await?;
        for name in names.iter().filter(|name| made_before(name, prefix, now.saturating_sub(age.as_secs()))) {
            sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists {}", quoted(name))))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    })
}

fn made_before(name: &str, prefix: &str, unix_seconds: u64) -> bool {
    let made = name.strip_prefix(prefix).and_then(|rest| rest.split('_').next());
    made.and_then(|made| made.parse().ok()).is_some_and(|made: u64| made < unix_seconds)
}

/// `template0` takes no connections, so nothing can stand in the way of copying it. Copying files takes a tenth of the
/// time that logging every block does.
async fn create(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let statement = format!("create database {} template template0 strategy file_copy", quoted(name));
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn with_connection(
    server: PgConnectOptions,
    doing: &'static str,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<(), sqlx::Error> + Send,
) -> Result<(), Error> {
    let conversation = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let whole = async {
                let mut connection = server.connect().await?;
                work(&mut connection).await?;
                connection.close().await
            };
            let timed = tokio::time::timeout(STATEMENT_WITHIN, whole).await;
            timed.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
        })
    };
    let result = thread::scope(|scope| scope.spawn(conversation).join());
    let result = result.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed));
    result.map_err(|source| Error::Sql { doing, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_databases_with_a_date_in_their_name_are_stale() {
        assert!(made_before("t_100_7_1", "t_", 101));
        assert!(!made_before("t_100_7_1", "t_", 100));
        assert!(!made_before("t_mine", "t_", 101));
        assert!(!made_before("other_100", "t_", 101));
    }
}
