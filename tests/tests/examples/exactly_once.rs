//! Exactly once into PostgreSQL, whatever dies.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use walscope_tests::program::{Program, example};
use walscope_tests::{Major, Server};

use crate::{follow, interrupt, settle, start, unconfirmed_rows};

const ROUNDS: u64 = 8;
const TRANSACTIONS: u64 = 40;
/// How long the last round may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The round that ends with the death of the servers, not of the program alone.
const CRASH: u64 = 4;

/// Transactions of two payments each, and one in ten of which nothing is left.
fn pay(server: &Server, round: u64) {
    let payments = (0..TRANSACTIONS).map(|n| {
        let (account, amount) = (n % 7, round * 1000 + n + 1);
        let end = if n % 10 == 9 { "ROLLBACK" } else { "COMMIT" };
        format!("BEGIN; INSERT INTO payments (account, amount) VALUES ({account}, {amount}), (0, -{n}); {end};")
    });
    server.sql(&payments.collect::<String>());
}

fn consume(server: &Server) -> Program {
    let target = server.conninfo_with(&[("user", "trust_user"), ("dbname", "reports")]);
    follow(server, "exactly_once", &[&target])
}

/// What the source has, and what the sums of it are.
fn tables(server: &Server) -> [String; 2] {
    let all = "string_agg(format('%s: %s', account, total), ', ' ORDER BY account)";
    let sums = "(SELECT account, sum(amount) AS total FROM payments GROUP BY account)";
    let source = server.value(&format!("SELECT {all} FROM {sums} s"));
    let target = server.sql_in("reports", &format!("SELECT {all} FROM balances"));
    [source, target[0][0].clone().unwrap_or_default()]
}

/// Red without the transaction around the sums and the checkpoint, and without `start` and the
/// filter by position together: either makes up for the other.
#[test]
fn sums_are_right_however_often_it_is_killed() {
    // 14 forgets what was confirmed when it crashes.
    for major in [Major::V14, Major::V18] {
        let mut server = start(
            major,
            "CREATE TABLE payments (id bigserial PRIMARY KEY, account int, amount bigint)",
        );
        server.sql("CREATE DATABASE reports");
        let mut program = consume(&server);
        for round in 0..ROUNDS {
            pay(&server, round);
            program.line();
            // Somewhere in the work, not always right behind a commit.
            std::thread::sleep(Duration::from_millis(round * 3));
            if round == CRASH {
                server.kill();
                server.restart();
            }
            program.signal(Signal::KILL);
            program.wait();
            program = consume(&server);
        }
        pay(&server, ROUNDS);
        let began = Instant::now();
        loop {
            let [source, target] = tables(&server);
            if source == target {
                break;
            }
            assert!(began.elapsed() < PATIENCE, "PostgreSQL {major}: {source}, and not {target}");
            std::thread::sleep(Duration::from_millis(50));
        }
        settle(&server);
        interrupt(program);
        let [source, target] = tables(&server);
        assert_eq!(target, source, "PostgreSQL {major}");
        assert_eq!(unconfirmed_rows(&server), "0");
    }
}

/// What the first had sent may still be committed: so long the second does not even look where it is.
/// Red without `LOCK` in the example: nobody waits.
#[test]
fn a_second_one_waits_for_the_session_of_the_first() {
    let server = start(
        Major::V18,
        "CREATE TABLE payments (id bigserial PRIMARY KEY, account int, amount bigint)",
    );
    server.sql("CREATE DATABASE reports");
    let mut first = consume(&server);
    pay(&server, 0);
    first.line();
    first.signal(Signal::STOP);
    pay(&server, 1);
    let target = server.conninfo_with(&[("user", "trust_user"), ("dbname", "reports")]);
    let source = server.conninfo_with(&[("user", "trust_user")]);
    let arguments = [source.as_str(), "s", "p", &target];
    let mut second = Program::start_at(&example("exactly_once"), arguments);
    server
        .wait_for("SELECT count(*)::text FROM pg_stat_activity WHERE wait_event = 'advisory'", "1");
    assert_eq!(second.line_that_is_there(), None);
    first.signal(Signal::KILL);
    first.wait();
    second.line();
    settle(&server);
    interrupt(second);
    let [source, target] = tables(&server);
    assert_eq!(target, source);
}

/// Red without the check of `moved`.
#[test]
fn a_checkpoint_that_was_moved_by_somebody_else_ends_it() {
    let server = start(
        Major::V18,
        "CREATE TABLE payments (id bigserial PRIMARY KEY, account int, amount bigint)",
    );
    server.sql("CREATE DATABASE reports");
    let mut program = consume(&server);
    pay(&server, 0);
    program.line();
    let moved = "UPDATE checkpoints SET position = 'FFFFFFFFFFFFFFFF/0000000000'";
    server.sql_in("reports", moved);
    let before = server.sql_in("reports", "SELECT sum(total)::text FROM balances");
    pay(&server, 1);
    let (status, _, errors) = program.wait();
    assert!(!status.success());
    assert!(errors.concat().contains("somebody else has moved"), "{errors:?}");
    let after = server.sql_in("reports", "SELECT sum(total)::text FROM balances");
    assert_eq!(after, before);
}
