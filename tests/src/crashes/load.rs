//! Writers that go on whatever happens to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, Error, SimpleQueryMessage};
use walscope_core::Lsn;

use super::prepared::Prepared;
use crate::random::Random;
use crate::sql;

/// How many write at once.
const WRITERS: u64 = 4;
/// Transactions that one of them may leave prepared.
const MOST_PREPARED: usize = 3;
/// Rows of a transaction that is sent in pieces.
const LARGE: std::ops::RangeInclusive<usize> = 400..=900;
/// How long a transaction stays prepared at least.
const PREPARED: std::ops::RangeInclusive<usize> = 20..=600;
const RETRY: Duration = Duration::from_millis(20);

/// The writers, as long as they are wanted.
#[derive(Debug)]
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    transactions: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(
        config: &Config,
        prepared: &Prepared,
        behind: &Arc<AtomicBool>,
        seed: u64,
    ) -> Self {
        let (stop, transactions) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let writer = |number| Writer {
            number,
            config: config.clone(),
            prepared: prepared.clone(),
            random: Random::new(seed ^ (number << 32)),
            next: 0,
            stop: Arc::clone(&stop),
            behind: Arc::clone(behind),
            transactions: Arc::clone(&transactions),
        };
        let threads = (0..WRITERS).map(writer).map(|writer| std::thread::spawn(|| writer.run()));
        Self { threads: threads.collect(), stop, transactions }
    }

    /// How many transactions were ended so far, one way or another.
    pub(super) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Lets everybody end what is open, the prepared transactions too.
    pub(super) fn finish(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // Writers that nobody waits for end with the next error.
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Has the rows whose id leaves its number when divided by the number of writers.
struct Writer {
    number: u64,
    config: Config,
    prepared: Prepared,
    random: Random,
    /// What no id and no gid had before.
    next: u64,
    stop: Arc<AtomicBool>,
    /// The consumer is too far behind.
    behind: Arc<AtomicBool>,
    transactions: Arc<AtomicU64>,
}

impl Writer {
    fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("cannot make a runtime: {error}"));
        runtime.block_on(async {
            loop {
                match self.session().await {
                    Ok(()) => return,
                    // The server went away, or does not take connections yet.
                    Err(_) => tokio::time::sleep(RETRY).await,
                }
            }
        });
    }

    fn wanted(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Writes until that is not wanted any more.
    async fn session(&mut self) -> Result<(), Error> {
        let client = sql::connect(&self.config).await?;
        self.reconcile(&client).await?;
        while self.wanted() {
            if self.behind.load(Ordering::Relaxed) {
                tokio::time::sleep(RETRY).await;
                continue;
            }
            self.transaction(&client).await?;
            self.transactions.fetch_add(1, Ordering::Relaxed);
            let pause = self.random.below(6) as u64;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let end = Instant::now() + Duration::from_secs(3600);
        while let Some(gid) = self.prepared.take(&self.prefix(), end) {
            self.end_prepared(&client, &gid).await?;
        }
        Ok(())
    }

    fn prefix(&self) -> String {
        format!("w{}-", self.number)
    }

    /// After a crash nobody knows whether the last PREPARE or COMMIT PREPARED was done.
    async fn reconcile(&self, client: &Client) -> Result<(), Error> {
        let lsn = here(client).await?;
        let sql = format!("SELECT gid FROM pg_prepared_xacts WHERE gid LIKE '{}%'", self.prefix());
        for message in client.simple_query(&sql).await? {
            if let SimpleQueryMessage::Row(row) = message {
                self.prepared.add(row.get(0).unwrap_or_default(), lsn, Duration::ZERO);
            }
        }
        Ok(())
    }

    async fn transaction(&mut self, client: &Client) -> Result<(), Error> {
        let prefix = self.prefix();
        match self.random.below(100) {
            0..25 => match self.prepared.take(&prefix, Instant::now()) {
                Some(gid) => return self.end_prepared(client, &gid).await,
                None => self.small(client).await?,
            },
            25..40 => self.large(client).await?,
            _ => self.small(client).await?,
        }
        let prepares = self.prepared.count(&prefix) < MOST_PREPARED && self.random.percent(20);
        if prepares {
            self.next += 1;
            let gid = format!("{prefix}{}", self.next);
            client.batch_execute(&format!("PREPARE TRANSACTION '{gid}'")).await?;
            let least = self.random.between(*PREPARED.start(), *PREPARED.end()) as u64;
            self.prepared.add(&gid, here(client).await?, Duration::from_millis(least));
            return Ok(());
        }
        let end = if self.random.percent(92) { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(end).await
    }

    async fn end_prepared(&mut self, client: &Client, gid: &str) -> Result<(), Error> {
        let end = if self.random.percent(75) { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(&format!("{end} PREPARED '{gid}'")).await
    }

    async fn small(&mut self, client: &Client) -> Result<(), Error> {
        let mut sql = "BEGIN;".to_owned();
        for _ in 0..self.random.between(1, 3) {
            sql += &match self.random.below(6) {
                0..3 => self.insert(1),
                3..5 => self.update(3),
                _ => self.delete(1),
            };
        }
        client.batch_execute(&sql).await
    }

    /// What takes more memory than the server gives to decoding, with some of it rolled back.
    async fn large(&mut self, client: &Client) -> Result<(), Error> {
        let rows = self.random.between(*LARGE.start(), *LARGE.end());
        let parts = [
            format!("BEGIN; {}", self.insert(rows / 2)),
            format!("SAVEPOINT a; {}", self.insert(rows / 3)),
            format!("SAVEPOINT b; {}", self.update(rows / 4)),
            format!("ROLLBACK TO b; {}", self.delete(rows)),
            (if self.random.percent(50) { "ROLLBACK TO a;" } else { "RELEASE a;" }).to_owned(),
            self.insert(rows / 4),
            self.update(rows / 6),
        ];
        for part in parts {
            client.batch_execute(&part).await?;
        }
        Ok(())
    }

    fn insert(&mut self, rows: usize) -> String {
        let first = self.next + 1;
        self.next += rows as u64;
        let last = self.next;
        let number = self.number;
        format!(
            "INSERT INTO t SELECT k * {WRITERS} + {number}, 1, repeat(md5(k::text), 3) \
             FROM generate_series({first}::bigint, {last}) k;"
        )
    }

    fn update(&mut self, rows: usize) -> String {
        let from = self.random.below(self.next as usize + 1) as u64 * WRITERS;
        let rows = self.rows(from, rows);
        format!("UPDATE t SET n = n + 1, v = repeat(md5(id || ':' || n), 3) WHERE id IN ({rows});")
    }

    fn delete(&mut self, rows: usize) -> String {
        format!("DELETE FROM t WHERE id IN ({});", self.rows(0, rows))
    }

    /// Own rows that no prepared transaction has.
    fn rows(&self, from: u64, count: usize) -> String {
        format!(
            "SELECT id FROM t WHERE id >= {from} AND id % {WRITERS} = {} ORDER BY id \
             LIMIT {count} FOR UPDATE SKIP LOCKED",
            self.number
        )
    }
}

/// The end of the log.
async fn here(client: &Client) -> Result<Lsn, Error> {
    let messages = client.simple_query("SELECT pg_current_wal_insert_lsn()").await?;
    let lsn = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(lsn.unwrap_or_default())
}
