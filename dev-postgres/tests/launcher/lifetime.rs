use std::{fs, os::unix::fs::PermissionsExt};

use dev_postgres::{Cluster, Durability, Error, Options, Temporary};

use crate::{connect, eventually, fast, folder, is_alive, postmaster, start, text};

#[tokio::test]
async fn what_was_written_is_there_after_a_second_start() {
    let folder = folder();
    let cluster = start(folder.path());
    sqlx::raw_sql("create table t as select 42::int as n")
        .execute(&mut connect(&cluster.url()).await)
        .await
        .unwrap();
    cluster.stop();
    let again = start(folder.path());
    assert_eq!(text(&again.connect_options(), "select n::text from t").await, "42");
}

#[tokio::test]
async fn a_cluster_is_utf8_and_durable_and_no_tcp_port_is_open() {
    let folder = folder();
    let options = Options { durability: Durability::Full, ..fast(folder.path()) };
    let cluster = Cluster::start(&options, &|_| ()).unwrap();
    let shown = [
        ("show server_encoding", "UTF8"),
        ("show fsync", "on"),
        ("show data_checksums", "on"),
        ("show listen_addresses", ""),
        ("show timezone", "UTC"),
        ("select current_user::text", "orangery"),
        ("select current_database()::text", "orangery"),
    ];
    for (query, value) in shown {
        assert_eq!(text(&cluster.connect_options(), query).await, value, "{query}");
    }
}

#[test]
fn only_the_owner_may_enter_data_and_socket() {
    let folder = folder();
    let cluster = start(folder.path());
    for part in ["pgdata", "run"] {
        let mode = fs::metadata(cluster.directory().join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{part}");
    }
}

#[test]
fn a_dropped_cluster_has_stopped() {
    let folder = folder();
    let cluster = start(folder.path());
    let pid = i32::try_from(cluster.pid()).unwrap();
    assert!(is_alive(pid) && cluster.is_running());
    drop(cluster);
    assert!(!is_alive(pid));
    assert_eq!(postmaster(folder.path()), None);
}

#[test]
fn a_folder_in_use_is_refused_and_its_server_left_alone() {
    let folder = folder();
    let first = start(folder.path());
    let error = Cluster::start(&fast(folder.path()), &|_| ()).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    assert!(first.is_running());
}

#[tokio::test]
async fn after_a_kill_of_the_server_the_next_start_recovers() {
    let folder = folder();
    let cluster =
        Cluster::start(&Options { durability: Durability::Full, ..fast(folder.path()) }, &|_| ()).unwrap();
    sqlx::raw_sql("create table t as select 7 as n")
        .execute(&mut connect(&cluster.url()).await)
        .await
        .unwrap();
    let pid = nix::unistd::Pid::from_raw(cluster.pid().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    eventually("the cluster notices", || !cluster.is_running());
    drop(cluster);
    assert_eq!(text(&start(folder.path()).connect_options(), "select n::text from t").await, "7");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_all_the_same() {
    let folder = folder();
    let deep = folder.path().join("d".repeat(60)).join("e".repeat(60));
    let cluster = start(&deep);
    assert_eq!(text(&cluster.connect_options(), "select 1::text").await, "1");
    let sockets = cluster.connect_options().get_socket().unwrap().clone();
    assert!(!sockets.starts_with(folder.path()), "{}", sockets.display());
    drop(cluster);
    assert!(!sockets.exists(), "a socket folder elsewhere was left behind");
}

#[tokio::test]
async fn a_path_with_spaces_quotes_and_commas_works_all_the_same() {
    let folder = folder();
    let cluster = start(folder.path().join("my, \"own\" data's +folder"));
    let url = cluster.url();
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&mut connect(&url).await).await.unwrap();
    assert_eq!(one, 1);
}

#[test]
fn a_temporary_cluster_leaves_nothing_behind() {
    let cluster = Temporary::start(&fast(""), &|_| ()).unwrap();
    let (home, pid) = (cluster.directory().to_path_buf(), i32::try_from(cluster.pid()).unwrap());
    assert!(home.join("pgdata").is_dir());
    drop(cluster);
    assert!(!home.exists() && !is_alive(pid));
}
