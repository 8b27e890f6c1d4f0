//! A primary that dies, a standby that is promoted, and a consumer that goes on there.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use walscope_core::Lsn;
use walscope_tests::program::{self, Program};
use walscope_tests::proxy::Proxy;
use walscope_tests::{Major, Server, ServerOptions};

/// Those that copy slots to a standby.
const MAJORS: [Major; 2] = [Major::V17, Major::V18];
const STANDBY_SLOT: &str = "standby_1";
const PATIENCE: Duration = Duration::from_secs(120);

/// The two servers, an address that moves from one to the other, and what a consumer has.
struct Pair {
    primary: Server,
    standby: Server,
    proxy: Proxy,
    /// `(commitLsn, seq)` and the id of every row that came, in the order in which they came.
    rows: Vec<((Lsn, u64), u64)>,
    /// Where the transactions ended that came.
    ends: Vec<Lsn>,
}

impl Pair {
    fn start(major: Major) -> Self {
        let options = |settings: &[(&str, &str)]| ServerOptions {
            major,
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            ..ServerOptions::default()
        };
        let mut primary = Server::start(options(&[]));
        primary.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t");
        primary.sql(&format!("SELECT pg_create_physical_replication_slot('{STANDBY_SLOT}', true)"));
        let standby = primary.standby(STANDBY_SLOT, options(&[("sync_replication_slots", "on")]));
        primary
            .sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput', false, false, true)");
        let proxy = Proxy::start(primary.port());
        Self { primary, standby, proxy, rows: Vec::new(), ends: Vec::new() }
    }

    /// A failover slot's consumers have nothing that the standby has not.
    fn hold_consumers_back(&self) {
        self.primary
            .sql(&format!("ALTER SYSTEM SET synchronized_standby_slots = '{STANDBY_SLOT}'"));
        self.primary.sql("SELECT pg_reload_conf()");
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        self.arguments_for(&[("port", &self.proxy.port().to_string())], more)
    }

    fn arguments_for(&self, changes: &[(&str, &str)], more: &[&str]) -> Vec<String> {
        let conninfo = self.primary.conninfo_with(changes);
        let first = ["stream", &conninfo, "--slot", "s", "--publication", "p"];
        let again = ["--reconnect-delay", "1"];
        first.iter().chain(&again).chain(more).map(|word| (*word).to_owned()).collect()
    }

    /// Reads until that row's transaction has ended.
    fn read(&mut self, consumer: &mut Program, id: u64) {
        loop {
            let line = consumer.line();
            self.take(&line);
            if line.contains(r#""kind":"commit""#)
                && self.rows.last().is_some_and(|row| row.1 == id)
            {
                return;
            }
        }
    }

    fn take(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let lsn = |name: &str| line[name].as_str().expect("an LSN").parse().expect("an LSN");
        match line["kind"].as_str() {
            Some("insert") => {
                let key = (lsn("commitLsn"), line["seq"].as_u64().expect("a number"));
                self.rows.push((key, line["new"]["id"].as_u64().expect("an id")));
            }
            Some("commit") => self.ends.push(lsn("endLsn")),
            _ => {}
        }
    }

    fn confirm(&self, consumer: &mut Program, server: &Server, transactions: usize) {
        let end = self.ends[transactions - 1];
        writeln!(consumer.stdin(), "{end}").expect("it reads");
        server.wait_for(
            &format!("SELECT (confirmed_flush_lsn >= '{end}')::text FROM pg_replication_slots WHERE slot_name = 's'"),
            "true",
        );
    }

    /// The slot is on the standby, and good for a promotion.
    fn wait_for_slot(&self) {
        let began = Instant::now();
        let ready = "SELECT count(*)::text FROM pg_replication_slots WHERE slot_name = 's' \
                     AND synced AND NOT temporary AND invalidation_reason IS NULL";
        while self.standby.value(ready) != "1" {
            assert!(began.elapsed() < PATIENCE, "no slot:\n{}", self.standby.log());
            // The slot can be copied when what it holds back is new enough: something has to happen.
            self.primary.sql("SELECT pg_log_standby_snapshot()");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn wait_for_replay(&self) {
        let end = self.primary.value("SELECT pg_current_wal_lsn()::text");
        self.standby
            .wait_for(&format!("SELECT (pg_last_wal_replay_lsn() >= '{end}')::text"), "true");
    }

    /// The primary dies; the standby takes its place, under its address.
    fn fail_over(&mut self) {
        self.primary.kill();
        self.standby.sql("SELECT pg_promote()");
        self.standby.wait_for("SELECT pg_is_in_recovery()::text", "false");
        self.proxy.lead_to(self.standby.port());
    }

    fn check(&self, rows: u64) {
        let ids: Vec<_> = self.rows.iter().map(|row| row.1).collect();
        assert_eq!(ids, (1..=rows).collect::<Vec<_>>(), "nothing is lost, nothing comes twice");
        assert!(self.rows.is_sorted_by(|a, b| a.0 < b.0), "keys grow: {:?}", self.rows);
    }
}

/// Rows with these ids, each in a transaction of its own.
fn insert(server: &Server, ids: std::ops::RangeInclusive<u64>) {
    server.sql(&format!(
        "DO $$BEGIN FOR n IN {}..{} LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END$$",
        ids.start(),
        ids.end()
    ));
}

/// A living consumer, and one that starts from its checkpoint. Rows that are not confirmed when the
/// primary dies are not shown again to the living one.
///
/// Red with `true` for `from > switch` in `resumption::check_system`: a newer timeline is refused.
#[test]
fn a_consumer_goes_on_at_a_standby_that_was_promoted() {
    for major in MAJORS {
        let mut pair = Pair::start(major);
        let mut consumer = Program::start(pair.arguments(&["--ack", "stdin"]));
        insert(&pair.primary, 1..=10);
        pair.read(&mut consumer, 10);
        pair.confirm(&mut consumer, &pair.primary, 10);
        pair.wait_for_slot();
        pair.hold_consumers_back();
        insert(&pair.primary, 11..=30);
        pair.read(&mut consumer, 30);
        pair.wait_for_replay();
        pair.fail_over();
        insert(&pair.standby, 31..=40);
        pair.read(&mut consumer, 40);
        pair.confirm(&mut consumer, &pair.standby, 35);
        drop(consumer);
        let checkpoint = pair.ends[34].to_string();
        let mut next = Program::start(pair.arguments(&["--start", &checkpoint]));
        insert(&pair.standby, 41..=50);
        pair.read(&mut next, 50);
        next.signal(Signal::TERM);
        let (status, rest, errors) = next.wait();
        assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
        // The living one had 36 to 40 and had not confirmed them.
        let again: Vec<_> = pair.rows.drain(40..45).collect();
        assert_eq!(
            again,
            pair.rows[35..40],
            "PostgreSQL {major}: the same rows under the same keys"
        );
        pair.check(50);
        assert!(program::run(pair.arguments(&["--until", "now"])).stdout.is_empty());
    }
}

/// Nobody moves an address: the consumer knows both servers, and finds the one that is the primary.
///
/// Red without `target.refusal` in `server_choice::connect_to`: the standby comes first.
#[test]
fn a_consumer_that_knows_both_servers_finds_the_primary() {
    for major in MAJORS {
        let mut pair = Pair::start(major);
        let ports = format!("{},{}", pair.standby.port(), pair.primary.port());
        let servers = [
            ("host", "127.0.0.1,127.0.0.1"),
            ("port", &ports),
            ("target_session_attrs", "primary"),
        ];
        let mut consumer = Program::start(pair.arguments_for(&servers, &["--ack", "stdin"]));
        insert(&pair.primary, 1..=10);
        pair.read(&mut consumer, 10);
        pair.confirm(&mut consumer, &pair.primary, 10);
        pair.wait_for_slot();
        pair.hold_consumers_back();
        insert(&pair.primary, 11..=30);
        pair.read(&mut consumer, 30);
        pair.wait_for_replay();
        pair.fail_over();
        insert(&pair.standby, 31..=40);
        pair.read(&mut consumer, 40);
        pair.confirm(&mut consumer, &pair.standby, 40);
        consumer.signal(Signal::TERM);
        let (status, rest, errors) = consumer.wait();
        assert!(status.success() && rest.is_empty(), "{rest:?} {errors:?}");
        pair.check(40);
    }
}

/// What was confirmed and never reached the standby: the consumer has rows that the new primary has
/// not, and would miss others. Red with `false` for `from > switch` in `resumption::check_system`: it
/// goes on as if nothing had happened.
#[test]
fn a_consumer_that_is_ahead_of_the_standby_is_refused() {
    for major in MAJORS {
        let mut pair = Pair::start(major);
        let mut consumer = Program::start(pair.arguments(&["--ack", "stdin"]));
        insert(&pair.primary, 1..=10);
        pair.read(&mut consumer, 10);
        pair.confirm(&mut consumer, &pair.primary, 10);
        pair.wait_for_slot();
        pair.wait_for_replay();
        pair.standby.sql("ALTER SYSTEM SET primary_conninfo = ''");
        pair.standby.sql("SELECT pg_reload_conf()");
        pair.standby.wait_for("SELECT count(*)::text FROM pg_stat_wal_receiver", "0");
        insert(&pair.primary, 11..=20);
        pair.read(&mut consumer, 20);
        pair.confirm(&mut consumer, &pair.primary, 20);
        let confirmed = pair.ends[19];
        pair.fail_over();
        // The new primary's log is longer than what the consumer has.
        insert(&pair.standby, 101..=300);
        let (status, rest, errors) = consumer.wait();
        assert_eq!(status.code(), Some(1), "PostgreSQL {major}: {errors:?}");
        assert!(rest.is_empty(), "{rest:?}");
        let last = errors.last().expect("an error");
        let said = format!("{confirmed} is confirmed, but timeline 2 left timeline 1 at ");
        assert!(last.contains(&said), "PostgreSQL {major}: {errors:?}");
    }
}
