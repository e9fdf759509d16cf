use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{eventually, folder, is_alive, postmaster, program};

fn shell(script: &str) -> Command {
    let mut command = program();
    command.args(["--", "sh", "-c", script]);
    command
}

fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

/// The home of the cluster a URL leads to.
fn home_of(url: &str) -> PathBuf {
    let options: sqlx::postgres::PgConnectOptions = url.trim().parse().unwrap();
    options.get_socket().unwrap().parent().unwrap().to_path_buf()
}

#[test]
fn the_exit_code_of_the_command_is_passed_on() {
    assert_eq!(output(shell("exit 37")).status.code(), Some(37));
    assert_eq!(output(shell("kill -TERM $$")).status.code(), Some(128 + 15));
    assert!(output(shell("true")).status.success());
}

#[test]
fn a_command_that_does_not_exist_is_said_so() {
    let mut command = program();
    command.args(["--", "/no/such/command"]);
    let output = output(command);
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/command"));
}

#[test]
fn nothing_of_a_throwaway_database_remains() {
    let output = output(shell("echo $DATABASE_URL"));
    let home = home_of(&String::from_utf8(output.stdout).unwrap());
    assert!(!home.exists(), "{}", home.display());
}

#[test]
fn a_server_that_cannot_be_found_is_exit_code_78() {
    let folder = folder();
    let mut command = shell("true");
    command.env("ORANGERY_PG_BIN", folder.path());
    let output = output(command);
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ORANGERY_PG_BIN") && said.contains("15 or newer"), "{said}");
}

#[test]
fn a_termination_reaches_the_command_and_the_database_still_stops() {
    let folder = folder();
    let mut command = program();
    command.arg("--data").arg(folder.path());
    command.args(["--", "sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut up = [0; 3];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
    let postgres = postmaster(folder.path()).unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert!(!is_alive(postgres));
}

/// Has the launcher killed by its own command, and returns the process id its server had.
fn kill_the_launcher(home: &Path, signal: &str) -> i32 {
    let mut command = program();
    command.arg("--data").arg(home).args(["--", "sh", "-c"]);
    command.arg(format!("head -1 {}/pgdata/postmaster.pid; kill -{signal} $PPID", home.display()));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), None, "the launcher was to die of a signal");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_launcher_that_is_killed_or_aborts_leaves_no_server() {
    for signal in ["KILL", "ABRT"] {
        let folder = folder();
        let postgres = kill_the_launcher(folder.path(), signal);
        eventually("the server ends", || !is_alive(postgres));
    }
}

#[test]
fn a_start_right_after_a_kill_does_not_stumble_over_the_dying_server() {
    let folder = folder();
    kill_the_launcher(folder.path(), "KILL");
    let mut command = program();
    command.arg("--data").arg(folder.path()).args(["--", "true"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn folders_of_killed_processes_are_removed_by_the_next() {
    let output = output(shell("echo $DATABASE_URL; kill -KILL $PPID"));
    let left = home_of(&String::from_utf8(output.stdout).unwrap());
    assert!(left.exists());
    eventually("the folder goes", || shell("true").output().unwrap().status.success() && !left.exists());
}
