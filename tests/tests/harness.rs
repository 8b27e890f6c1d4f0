//! The harness itself: every major version starts, does what a test asks of it, and leaves nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use walscope_tests::{Major, Server, ServerOptions, Tls};

fn start(major: Major) -> Server {
    Server::start(ServerOptions { major, ..Default::default() })
}

fn process_is_there(pid: u32) -> bool {
    rustix::process::test_kill_process(
        rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
    )
    .is_ok()
}

#[test]
fn every_major_starts_and_leaves_nothing() {
    for major in Major::ALL {
        let server = start(major);
        assert!(server.value("SHOW server_version").starts_with(&format!("{major}.")));
        assert_eq!(server.value("SHOW wal_level"), "logical");
        let (pid, folder) = (server.pid().unwrap(), server.folder());
        assert!(process_is_there(pid) && folder.is_dir());
        drop(server);
        assert!(!process_is_there(pid), "the server of {major} still runs");
        assert!(!folder.exists(), "{} is still there", folder.display());
    }
}

#[test]
fn two_servers_do_not_meet() {
    let (one, two) = (start(Major::V18), start(Major::V18));
    one.sql("CREATE TABLE only_here ()");
    assert_ne!(one.port(), two.port());
    assert!(two.try_sql("TABLE only_here").is_err());
}

#[test]
fn a_restart_keeps_port_and_data_and_a_kill_is_a_crash() {
    let mut server = start(Major::V16);
    let port = server.port();
    server.sql("CREATE TABLE t (id int); INSERT INTO t VALUES (7)");
    server.restart();
    assert_eq!((server.port(), server.value("SELECT id FROM t")), (port, "7".to_owned()));
    server.kill();
    assert_eq!(server.pid(), None);
    assert!(server.try_sql("SELECT 1").is_err());
    server.restart();
    assert_eq!(server.value("SELECT id FROM t"), "7");
    assert!(server.log().contains("database system was not properly shut down"));
}

#[test]
fn settings_and_hba_lines_come_first() {
    let server = Server::start(ServerOptions {
        settings: vec![("application_name".to_owned(), "it's me".to_owned())],
        hba: vec!["local walscope_closed all reject".to_owned()],
        ..Default::default()
    });
    assert_eq!(server.value("SHOW application_name"), "it's me");
    server.sql("CREATE DATABASE walscope_closed");
    let closed = server.folder();
    let config = format!(
        "host={} port={} user=postgres dbname=walscope_closed",
        closed.display(),
        server.port()
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(tokio_postgres::connect(&config, tokio_postgres::NoTls));
    assert_eq!(
        refused.err().unwrap().code().unwrap(),
        &tokio_postgres::error::SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    );
}

#[test]
fn every_role_signs_in_its_own_way() {
    let server = start(Major::V14);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sign_in = |user: &str, password: &str| {
        let conninfo = server.conninfo_with(&[("user", user), ("password", password)]);
        let connected = runtime.block_on(tokio_postgres::connect(&conninfo, tokio_postgres::NoTls));
        connected.is_ok()
    };
    for user in ["postgres", "scram_user", "md5_user", "password_user"] {
        assert!(sign_in(user, walscope_tests::PASSWORD), "{user} cannot sign in");
        assert!(!sign_in(user, "wrong"), "{user} signs in with a wrong password");
    }
    assert!(sign_in("trust_user", "wrong"));
}

#[test]
fn tls_servers_start_with_their_certificates() {
    for tls in [Tls::On, Tls::WrongName] {
        let server = Server::start(ServerOptions { tls, ..Default::default() });
        assert_eq!(server.value("SHOW ssl"), "on");
        for file in [&server.tls().ca, &server.tls().other_ca] {
            assert!(Path::new(file).is_file());
        }
    }
}

#[test]
#[should_panic(expected = "unrecognized configuration parameter")]
fn a_failed_start_quotes_the_log() {
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    Server::start(ServerOptions { settings, ..Default::default() });
}

/// Set for a process that a test starts with its own name: it does the other half of the test.
const OTHER_HALF: &str = "WALSCOPE_HARNESS_OTHER_HALF";

/// This program again, to run one test's other half.
fn other_half(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(OTHER_HALF, "1").stdout(Stdio::piped());
    command
}

#[test]
fn any_server_may_be_the_machines_own() {
    const SLOT: &str = "SELECT pg_create_logical_replication_slot('external', 'pgoutput')";
    if std::env::var_os(OTHER_HALF).is_some() {
        let server = Server::any();
        server.sql("CREATE TABLE t (id int)");
        server.sql(SLOT);
        let database = server.value("SELECT current_database()");
        assert!(server.conninfo().contains(&database) && server.url().ends_with(&database));
        assert_ne!(database, "postgres");
        return;
    }
    let settings = vec![("log_statement".to_owned(), "all".to_owned())];
    let machine = Server::start(ServerOptions { settings, ..Default::default() });
    let half = other_half("any_server_may_be_the_machines_own")
        .env("WALSCOPE_TEST_URL", machine.url())
        .output()
        .unwrap();
    assert!(half.status.success(), "{}", String::from_utf8_lossy(&half.stdout));
    assert_eq!(machine.value("SELECT count(*) FROM pg_database WHERE datname ~ 'walscope'"), "0");
    assert_eq!(machine.value("SELECT count(*) FROM pg_replication_slots"), "0");
    // The other half made its slot here, or this would not be the same server.
    assert!(machine.log().contains(SLOT));
}

#[test]
fn a_killed_test_leaves_nothing() {
    if std::env::var_os(OTHER_HALF).is_some() {
        let server = start(Major::V17);
        println!("victim {} {}", server.pid().unwrap(), server.folder().display());
        loop {
            std::thread::park();
        }
    }
    let mut victim = other_half("a_killed_test_leaves_nothing").spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    // The test runner prints the test's name before, on the same line.
    let line = lines.map(Result::unwrap).find(|line| line.contains("victim ")).unwrap();
    let words: Vec<&str> = line.rsplit("victim ").next().unwrap().split(' ').collect();
    let (pid, folder) = (words[0].parse().unwrap(), Path::new(words[1]));
    assert!(process_is_there(pid) && folder.is_dir());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while (process_is_there(pid) || folder.exists()) && Instant::now() < deadline {
        sleep(Duration::from_millis(20));
    }
    assert!(!process_is_there(pid), "the server still runs");
    assert!(!folder.exists(), "{} is still there", folder.display());
}
