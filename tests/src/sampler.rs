//! Watches a slot through a connection of its own, all the time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, Error, SimpleQueryMessage};
use walscope_core::Lsn;

use crate::sql;

const INTERVAL: Duration = Duration::from_millis(3);

/// What a slot says of itself. What is gone has no positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// `confirmed_flush_lsn`.
    pub confirmed: Lsn,
    /// `restart_lsn`.
    pub restart: Lsn,
    /// Who streams.
    pub active_pid: Option<i32>,
    /// The end of the server's log.
    pub end: Lsn,
}

/// What is asked for each sample. A text says what is wrong with it.
type Check = dyn Fn(&Sample) -> Option<String> + Send;

/// The positions of a slot, as `pg_replication_slots` has them.
#[derive(Debug)]
pub struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    samples: Mutex<Samples>,
    changed: Condvar,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// How often.
    pub count: u64,
    /// Connections that it took: one more after each time that the server went away.
    pub connections: u64,
    /// `confirmed_flush_lsn`, the highest on this connection.
    pub confirmed: Lsn,
    /// The highest on any connection.
    pub highest: Lsn,
    /// The last one, on this connection.
    pub last: Sample,
    /// What the check of `Server::watch_slot` has found.
    pub wrong: Vec<String>,
    stopped: bool,
}

impl Sampler {
    /// Looks at the slot of that name until the value is dropped.
    pub(crate) fn start(
        config: Config,
        slot: &str,
        check: impl Fn(&Sample) -> Option<String> + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let sql = format!(
            "SELECT confirmed_flush_lsn, restart_lsn, active_pid, pg_current_wal_insert_lsn() \
             FROM (VALUES (1)) one LEFT JOIN pg_replication_slots ON slot_name = '{slot}'"
        );
        let watching = Arc::clone(&shared);
        let thread = std::thread::spawn(move || watch(&config, &sql, &check, &watching));
        Self { shared, thread: Some(thread) }
    }

    /// What was seen so far.
    pub fn samples(&self) -> Samples {
        self.shared.lock().clone()
    }

    /// Waits for a sample that was taken after now and that satisfies; `None`: none has come in time.
    pub fn wait(
        &self,
        patience: Duration,
        satisfies: impl Fn(&Samples) -> bool,
    ) -> Option<Samples> {
        let deadline = Instant::now() + patience;
        let mut samples = self.shared.lock();
        let before = samples.count;
        // The one after the next: the next may have been asked for before.
        while samples.count <= before + 1 || !satisfies(&samples) {
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.shared.changed.wait_timeout(samples, left);
            samples = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(samples.clone())
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        if let Some(thread) = self.thread.take() {
            // It may have panicked; the test says why by itself.
            let _ = thread.join();
        }
    }
}

impl Samples {
    fn connected(&mut self) {
        self.connections += 1;
        (self.confirmed, self.last) = (Lsn::INVALID, Sample::default());
    }

    fn add(&mut self, sample: Sample, wrong: Option<String>) {
        self.count += 1;
        self.confirmed = self.confirmed.max(sample.confirmed);
        self.highest = self.highest.max(sample.confirmed);
        self.last = sample;
        self.wrong.extend(wrong);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn watch(config: &Config, sql: &str, check: &Check, shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("cannot make a runtime: {error}"));
    runtime.block_on(async {
        while !shared.lock().stopped {
            // A server that is away: the next connection says that it is back.
            let _ = connection(config, sql, check, shared).await;
            tokio::time::sleep(INTERVAL).await;
        }
    });
}

async fn connection(
    config: &Config,
    sql: &str,
    check: &Check,
    shared: &Shared,
) -> Result<(), Error> {
    let client = sql::connect(config).await?;
    shared.lock().connected();
    while !shared.lock().stopped {
        let sample = sample(&client, sql).await?;
        let wrong = check(&sample);
        shared.lock().add(sample, wrong);
        shared.changed.notify_all();
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

async fn sample(client: &Client, sql: &str) -> Result<Sample, Error> {
    let messages = client.simple_query(sql).await?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text = |at| row.and_then(|row| row.get(at));
    let lsn = |at| text(at).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(Sample {
        confirmed: lsn(0),
        restart: lsn(1),
        active_pid: text(2).and_then(|text| text.parse().ok()),
        end: lsn(3),
    })
}
