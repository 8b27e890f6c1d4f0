//! The consumer that is killed: it keeps what it is given, and its checkpoint, in one transaction of
//! another database, and confirms after that.

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, Statement};
use walscope::{Acknowledge, Batch, Config, Reconnect, Stream, StreamOptions, Streaming};
use walscope_core::capture::Entry;
use walscope_core::pgoutput::Message;
use walscope_core::row::Row;
use walscope_core::transaction::{Change, Tracker};
use walscope_core::{ErrorKind, Lsn, XLogData};

/// The slot and the publication of the proof.
pub const SLOT: &str = "s";
/// See [`SLOT`].
pub const PUBLICATION: &str = "p";

/// What is kept is confirmed when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(50);
const STORE: &str = "SELECT store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// How it streams, and where it keeps what it has.
#[derive(Clone, Debug, Args)]
pub struct ConsumerOptions {
    /// The server to stream from
    #[arg(long)]
    pub source: String,
    /// The database to keep everything in
    #[arg(long)]
    pub sink: String,
    /// The number of this process
    #[arg(long)]
    pub run: i32,
    /// off, on or parallel
    #[arg(long)]
    pub streaming: String,
    /// Values in binary form
    #[arg(long)]
    pub binary: bool,
    /// Transactions when they are prepared
    #[arg(long)]
    pub two_phase: bool,
    /// Start at the checkpoint instead of where the slot is
    #[arg(long)]
    pub from_checkpoint: bool,
    /// Come back by itself when the connection breaks
    #[arg(long)]
    pub reconnect: bool,
    /// Confirm so many batches late, while others come
    #[arg(long)]
    pub late: usize,
}

/// Streams until the connection ends for good.
///
/// # Errors
///
/// Why it ended, or what is wrong with what came.
pub async fn consume(options: ConsumerOptions) -> Result<(), Box<dyn Error>> {
    let sink = Sink::connect(&options).await?;
    let start = options.from_checkpoint.then_some(sink.checkpoint().await?);
    sink.begin(start).await?;
    let config: Config = options.source.parse()?;
    let mut stream = Stream::open(&config, stream_options(&options, start)).await?;
    let control = stream.control().clone();
    let mut incoming = Incoming::default();
    let mut kept = VecDeque::new();
    loop {
        match timeout(QUIET, stream.next_batch()).await {
            Ok(Ok(Some(batch))) => {
                if !incoming.take_all(&batch)? {
                    control.start_over(incoming.items, incoming.tracker.position());
                }
                sink.store(&mut incoming).await?;
                kept.push_back(incoming.items);
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error.into()),
            Err(_quiet) => control.confirm_items(kept.drain(..).next_back().unwrap_or_default()),
        }
        while kept.len() > options.late {
            control.confirm_items(kept.pop_front().unwrap_or_default());
        }
    }
}

fn stream_options(options: &ConsumerOptions, start: Option<Lsn>) -> StreamOptions {
    // A test waits for every try.
    let reconnect = Reconnect {
        first_delay: Duration::from_millis(20),
        longest_delay: Duration::from_millis(100),
        ..Reconnect::default()
    };
    StreamOptions {
        start,
        streaming: match options.streaming.as_str() {
            "off" => Streaming::Off,
            "on" => Streaming::On,
            _ => Streaming::Parallel,
        },
        binary: options.binary,
        two_phase: options.two_phase,
        acknowledge: Acknowledge::Manual,
        reconnect: options.reconnect.then_some(reconnect),
        // Little memory, so that large transactions wait in files too.
        memory: 64 * 1024,
        ..StreamOptions::new(SLOT, [PUBLICATION])
    }
}

/// Columns of `ending` and `change`.
#[derive(Debug, Default)]
struct Ended {
    ends: Vec<i64>,
    kinds: Vec<&'static str>,
    positions: Vec<i64>,
    gids: Vec<Option<String>>,
    counts: Vec<i32>,
    changes: Changes,
}

#[derive(Debug, Default)]
struct Changes {
    positions: Vec<i64>,
    seqs: Vec<i32>,
    kinds: Vec<&'static str>,
    ids: Vec<i64>,
    ns: Vec<i32>,
    vs: Vec<Option<String>>,
}

impl Changes {
    fn append(&mut self, other: &mut Self) {
        self.positions.append(&mut other.positions);
        self.seqs.append(&mut other.seqs);
        self.kinds.append(&mut other.kinds);
        self.ids.append(&mut other.ids);
        self.ns.append(&mut other.ns);
        self.vs.append(&mut other.vs);
    }
}

#[derive(Deserialize)]
struct Whole {
    id: i64,
    n: i32,
    v: String,
}

#[derive(Deserialize)]
struct Key {
    id: i64,
    n: i32,
}

/// What has come and is not kept yet.
#[derive(Default)]
struct Incoming {
    tracker: Tracker,
    /// Of the transaction that is open.
    open: Changes,
    ended: Ended,
    /// Those that came.
    items: u64,
    /// Where the last end was: this process is given nothing at or before it again.
    last_end: Lsn,
}

impl Incoming {
    /// Whether the batch is of use: what comes again of a transaction may not be what it was, because
    /// it was prepared, and rolled back meanwhile. Then it begins again with the next batch.
    fn take_all(&mut self, batch: &Batch) -> Result<bool, Box<dyn Error>> {
        for entry in batch.entries() {
            let taken = match entry? {
                Entry::Head(json) => {
                    if self.tracker.connect(json).is_some() {
                        self.open = Changes::default();
                    }
                    Ok(())
                }
                Entry::Data(data) => self.take(&data),
                Entry::Keepalive(keepalive) => {
                    self.tracker.keepalive(keepalive.end).map_err(Box::from)
                }
            };
            match taken {
                Err(error) if is_not_resumed(error.as_ref()) => return Ok(false),
                taken => taken?,
            }
        }
        Ok(true)
    }

    fn take(&mut self, data: &XLogData<'_>) -> Result<(), Box<dyn Error>> {
        let change = self.tracker.next_at(data.start, data.data)?;
        self.items += u64::from(change.item);
        if !change.shown {
            return Ok(());
        }
        let (kind, end, gid) = match change.message {
            Message::Commit(commit) => ("commit", commit.end_lsn, None),
            Message::Prepare(prepare) => ("prepare", prepare.end_lsn, Some(prepare.gid)),
            Message::CommitPrepared(end) => ("commitPrepared", end.end_lsn, Some(end.gid)),
            Message::RollbackPrepared(end) => ("rollbackPrepared", end.end_lsn, Some(end.gid)),
            _ => return self.change(&change),
        };
        if end <= self.last_end {
            return Err(format!("VIOLATION: {end} comes after {}", self.last_end).into());
        }
        self.last_end = end;
        // Ends of prepared transactions, and prepared ones that are empty, have no begin.
        let position = self.tracker.transaction().map_or(end, |transaction| transaction.lsn);
        let ended = &mut self.ended;
        ended.ends.push(bigint(end));
        ended.kinds.push(kind);
        ended.positions.push(bigint(position));
        ended.gids.push(gid.map(|gid| String::from_utf8_lossy(gid).into_owned()));
        ended.counts.push(self.open.seqs.len().try_into()?);
        ended.changes.append(&mut self.open);
        Ok(())
    }

    fn change(&mut self, change: &Change<'_>) -> Result<(), Box<dyn Error>> {
        let (kind, relation, tuple) = match change.message {
            Message::Insert(insert) => ("insert", insert.relation, insert.new),
            Message::Update(update) => ("update", update.relation, update.new),
            Message::Delete(delete) => ("delete", delete.relation, delete.old.tuple()),
            _ => return Ok(()),
        };
        let position = self.tracker.transaction().ok_or("a row outside of a transaction")?.lsn;
        let seq = i32::try_from(change.seq.ok_or("a row without a number")?)?;
        if usize::try_from(seq)? != self.open.seqs.len() {
            return Err(format!("VIOLATION: seq {seq} is number {}", self.open.seqs.len()).into());
        }
        let relation = self.tracker.relation(relation).ok_or("an unknown relation")?;
        let row = Row::new(relation, tuple);
        let (id, n, v) = if kind == "delete" {
            let Key { id, n } = row.deserialize().map_err(|error| error.to_string())?;
            (id, n, None)
        } else {
            let Whole { id, n, v } = row.deserialize().map_err(|error| error.to_string())?;
            (id, n, Some(v))
        };
        let open = &mut self.open;
        open.positions.push(bigint(position));
        open.seqs.push(seq);
        open.kinds.push(kind);
        open.ids.push(id);
        open.ns.push(n);
        open.vs.push(v);
        Ok(())
    }
}

fn is_not_resumed(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<walscope_core::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::NotResumed)
}

/// The log of a test is not so long that the sign matters.
fn bigint(lsn: Lsn) -> i64 {
    lsn.0.try_into().unwrap_or(i64::MAX)
}

struct Sink {
    client: Client,
    store: Statement,
    run: i32,
}

impl Sink {
    async fn connect(options: &ConsumerOptions) -> Result<Self, Box<dyn Error>> {
        let (client, connection) = tokio_postgres::connect(&options.sink, NoTls).await?;
        tokio::spawn(connection);
        // What a process that was killed has asked for may be in the making: it ends first.
        client.batch_execute("SELECT pg_advisory_lock(1)").await?;
        let store = client.prepare(STORE).await?;
        Ok(Self { client, store, run: options.run })
    }

    async fn checkpoint(&self) -> Result<Lsn, Box<dyn Error>> {
        let row = self.client.query_one("SELECT lsn FROM checkpoint", &[]).await?;
        Ok(Lsn(row.get::<_, i64>(0).try_into()?))
    }

    async fn begin(&self, start: Option<Lsn>) -> Result<(), Box<dyn Error>> {
        let start = start.map(bigint);
        self.client.execute("INSERT INTO run VALUES ($1, $2)", &[&self.run, &start]).await?;
        Ok(())
    }

    /// One statement, one transaction.
    async fn store(&self, incoming: &mut Incoming) -> Result<(), Box<dyn Error>> {
        let Ended { ends, kinds, positions, gids, counts, changes } =
            std::mem::take(&mut incoming.ended);
        if ends.is_empty() {
            return Ok(());
        }
        let Changes { positions: change_positions, seqs, kinds: change_kinds, ids, ns, vs } =
            changes;
        let checkpoint = bigint(incoming.last_end);
        self.client
            .execute(
                &self.store,
                &[
                    &self.run,
                    &checkpoint,
                    &ends,
                    &kinds,
                    &positions,
                    &gids,
                    &counts,
                    &change_positions,
                    &seqs,
                    &change_kinds,
                    &ids,
                    &ns,
                    &vs,
                ],
            )
            .await?;
        Ok(())
    }
}
