//! A server, a network that can be disturbed, a consumer, and somebody who watches the slot.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use walscope_core::Lsn;
use walscope_tests::program::{self, Program};
use walscope_tests::proxy::Proxy;
use walscope_tests::sampler::Sampler;
use walscope_tests::{Major, Server, ServerOptions, Tls};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What came of a fault.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `none`, `retried` or `final`.
    pub(crate) class: &'static str,
    /// Lines of standard error.
    pub(crate) said: Vec<String>,
    pub(crate) lost: usize,
    pub(crate) again: usize,
    /// What the consumer has confirmed.
    pub(crate) confirmed: Lsn,
}

/// A sample of the slot's position, and what the consumer had confirmed by then.
type Sample = (Lsn, Lsn);

pub(crate) struct Scene {
    pub(crate) major: Major,
    tls: Tls,
    sampler: Sampler,
    samples: Arc<Mutex<Vec<Sample>>>,
    /// The last position that the consumer has confirmed, written down before it does.
    confirmed: Arc<Mutex<Lsn>>,
    consumer: Option<Program>,
    pub(crate) proxy: Proxy,
    pub(crate) server: Server,
    /// Of the connection string of consumers.
    pub(crate) user: &'static str,
    /// Ids that were inserted: 1 to this.
    inserted: usize,
    /// Ids that came, in their order.
    seen: Vec<usize>,
    /// Where the transactions ended that came.
    ends: Vec<Lsn>,
    said: Vec<String>,
}

impl Scene {
    /// A table, a slot, and a consumer that streams. Its first rows have come and are confirmed.
    pub(crate) fn start(major: Major, settings: &[(&str, &str)], tls: Tls) -> Self {
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let server = Server::start(ServerOptions {
            major,
            settings: settings.collect(),
            tls,
            ..Default::default()
        });
        server.sql("CREATE TABLE t (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE t");
        server.sql("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
        let (confirmed, samples) = (Arc::new(Mutex::new(Lsn::INVALID)), Arc::default());
        let (record, kept) = (Arc::clone(&confirmed), Arc::clone(&samples));
        let sampler = server.watch_slot("s", move |sample| {
            // After the sample: what it shows was written down before.
            let confirmed = *record.lock().unwrap_or_else(PoisonError::into_inner);
            let kept: &Mutex<Vec<Sample>> = &kept;
            kept.lock().unwrap_or_else(PoisonError::into_inner).push((sample.confirmed, confirmed));
            None
        });
        let proxy = Proxy::start(server.port());
        let mut scene = Self {
            major,
            tls,
            sampler,
            samples,
            confirmed,
            consumer: None,
            proxy,
            server,
            user: "scram_user",
            inserted: 0,
            seen: Vec::new(),
            ends: Vec::new(),
            said: Vec::new(),
        };
        scene.stream(&[]);
        scene.insert(3);
        scene.read_all();
        scene.confirm_all();
        scene
    }

    /// Arguments of a consumer.
    pub(crate) fn arguments(&self, more: &[&str]) -> Vec<String> {
        let port = self.proxy.port().to_string();
        let mut changes = vec![("port", port.as_str()), ("user", self.user)];
        if self.tls == Tls::On {
            let ca = self.server.tls().ca.to_str().expect("a path");
            changes.extend([("sslmode", "verify-full"), ("sslrootcert", ca)]);
        } else {
            changes.push(("sslmode", "disable"));
        }
        let conninfo = self.server.conninfo_with(&changes);
        let first = ["stream", &conninfo, "--slot", "s", "--publication", "p", "--ack", "stdin"];
        first
            .iter()
            .chain(["--reconnect-delay", "1"].iter())
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    }

    /// Starts the consumer, and waits until the server streams to it.
    pub(crate) fn stream(&mut self, more: &[&str]) {
        self.consumer = Some(Program::start(self.arguments(more)));
        self.sampler.wait(PATIENCE, |now| now.last.active_pid.is_some()).expect("it streams");
    }

    pub(crate) fn consumer(&mut self) -> &mut Program {
        self.consumer.as_mut().expect("a consumer")
    }

    /// SIGKILL.
    pub(crate) fn kill_consumer(&mut self) {
        drop(self.consumer.take());
        self.sampler.wait(PATIENCE, |now| now.last.active_pid.is_none()).expect("the slot is free");
    }

    /// SIGKILL, and another one at once, whether the slot is free or not.
    pub(crate) fn replace_consumer(&mut self) {
        drop(self.consumer.take());
        self.consumer = Some(Program::start(self.arguments(&[])));
    }

    pub(crate) fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// So many rows, each in a transaction of its own.
    pub(crate) fn insert(&mut self, rows: usize) {
        let (first, last) = (self.inserted + 1, self.inserted + rows);
        self.server.sql(&format!(
            "DO $$BEGIN FOR n IN {first}..{last} LOOP \
             INSERT INTO t VALUES (n, repeat('x', 100)); COMMIT; END LOOP; END$$"
        ));
        self.inserted = last;
    }

    /// So many rows of that size in one transaction.
    pub(crate) fn insert_at_once(&mut self, rows: usize, size: usize) {
        let (first, last) = (self.inserted + 1, self.inserted + rows);
        self.server.sql(&format!(
            "INSERT INTO t SELECT n, repeat('x', {size}) FROM generate_series({first}, {last}) n"
        ));
        self.inserted = last;
    }

    /// Reads until the consumer has every row, and the end of the last one's transaction.
    pub(crate) fn read_all(&mut self) {
        self.read_until(self.inserted);
    }

    pub(crate) fn read_until(&mut self, id: usize) {
        loop {
            let line = self.consumer().line();
            self.take(&line);
            if line.contains(r#""kind":"commit""#) && self.seen.last() == Some(&id) {
                return;
            }
        }
    }

    /// Takes what has come, if anything has, and confirms it.
    pub(crate) fn take_what_is_there(&mut self) {
        let before = self.ends.len();
        while let Some(line) = self.consumer().line_that_is_there() {
            self.take(&line);
        }
        if self.ends.len() > before {
            self.confirm_all();
        }
    }

    /// Takes a line of the consumer's output.
    pub(crate) fn take(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).expect("a line is JSON");
        match line["kind"].as_str() {
            Some("insert") => {
                let id = line["new"]["id"].as_u64().expect("an id");
                self.seen.push(id.try_into().expect("a number"));
            }
            Some("commit") => {
                let end = line["endLsn"].as_str().expect("an end");
                self.ends.push(end.parse().expect("an LSN"));
            }
            _ => {}
        }
    }

    /// Confirms all that came, and waits until the slot says so.
    pub(crate) fn confirm_all(&mut self) {
        let last = self.ends.len();
        self.confirm(last);
    }

    /// Confirms the first so many transactions that came.
    pub(crate) fn confirm(&mut self, transactions: usize) {
        let end = self.ends[transactions - 1];
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = end;
        writeln!(self.consumer().stdin(), "{end}").expect("it reads");
        self.sampler.wait(PATIENCE, |now| now.last.confirmed >= end).expect("it is confirmed");
    }

    /// How many transactions came.
    pub(crate) fn transactions(&self) -> usize {
        self.ends.len()
    }

    fn confirmed(&self) -> Lsn {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the consumer says that, from now on.
    pub(crate) fn wait_until_said(&mut self, words: &str) {
        loop {
            let line = self.consumer().error_line();
            let is_said = line.contains(words);
            self.said.push(line);
            if is_said {
                return;
            }
        }
    }

    /// The consumer goes on: everything comes, and it ends when it is asked to.
    pub(crate) fn goes_on(&mut self) -> Outcome {
        self.read_all();
        self.confirm_all();
        self.consumer().signal(Signal::TERM);
        let (status, lines, errors) = self.consumer.take().expect("a consumer").wait();
        lines.iter().for_each(|line| self.take(line));
        self.said.extend(errors);
        assert!(status.success(), "{:?}", self.said);
        let tried = self.said.iter().any(|line| line.contains("Trying again"));
        self.outcome(if tried { "retried" } else { "none" })
    }

    /// The consumer was stopped by the test.
    pub(crate) fn stops(&mut self) -> Outcome {
        self.outcome("none")
    }

    /// The consumer ends by itself.
    pub(crate) fn ends(&mut self) -> Outcome {
        let (status, lines, errors) = self.consumer.take().expect("a consumer").wait();
        lines.iter().for_each(|line| self.take(line));
        assert_eq!(status.code(), Some(1), "{errors:?}");
        // Only the last line is what it ended with.
        self.said.extend(errors.into_iter().next_back());
        self.outcome("final")
    }

    /// What a consumer that is started anew, the cause removed, brings is not lost.
    pub(crate) fn next_time(&mut self, outcome: Outcome) -> Outcome {
        self.stream(&[]);
        self.read_all();
        self.confirm_all();
        let Outcome { class, said, confirmed, .. } = outcome;
        Outcome { said, confirmed, ..self.outcome(class) }
    }

    /// All that did not come was said to be lost.
    pub(crate) fn is_said(outcome: Outcome) -> Outcome {
        Outcome { lost: 0, ..outcome }
    }

    fn outcome(&mut self, class: &'static str) -> Outcome {
        let mut ids = self.seen.clone();
        ids.sort_unstable();
        ids.dedup();
        Outcome {
            class,
            said: std::mem::take(&mut self.said),
            lost: self.inserted - ids.len(),
            again: self.seen.len() - ids.len(),
            confirmed: self.confirmed(),
        }
    }

    /// Of all that came nothing was confirmed that the consumer had not confirmed by then.
    pub(crate) fn check_confirmed(&self) {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(samples.len() > 1, "nobody looked at the slot");
        for (position, confirmed) in samples.iter() {
            let passed = self.ends.iter().find(|end| *end > confirmed && *end <= position);
            assert_eq!(passed, None, "{position} is confirmed, by the consumer {confirmed}");
        }
    }

    /// Starts another consumer that is to end by itself.
    pub(crate) fn other_ends(&mut self, more: &[&str]) -> Outcome {
        let output = program::run(self.arguments(more));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        self.said.extend(errors.lines().next_back().map(str::to_owned));
        self.outcome("final")
    }
}
