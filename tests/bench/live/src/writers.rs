//! Writers that write as fast as they can: the workloads of pg_walstream's load test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::backlog::{NARROW, WIDE, letters, wide_columns};
use crate::bench_server::BenchServer;
use crate::tally::RowSet;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Narrow rows with so many letters.
    Narrow(usize),
    /// Rows with 20 columns of text.
    Wide,
    /// Narrow rows, of which a quarter is updated and another deleted.
    Mixed(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Workload {
    pub name: &'static str,
    pub writers: usize,
    /// Of a statement, which is a transaction.
    pub rows: usize,
    pub kind: Kind,
}

const fn workload(name: &'static str, writers: usize, rows: usize, kind: Kind) -> Workload {
    Workload { name, writers, rows, kind }
}

pub const WORKLOADS: [Workload; 14] = [
    workload("baseline", 1, 8000, Kind::Narrow(100)),
    workload("batch-100", 1, 100, Kind::Narrow(100)),
    workload("batch-5000", 1, 5000, Kind::Narrow(100)),
    workload("4-writers", 4, 8000, Kind::Narrow(100)),
    workload("wide", 1, 500, Kind::Wide),
    workload("payload-2k", 1, 500, Kind::Narrow(2000)),
    workload("mixed", 1, 500, Kind::Mixed(100)),
    workload("stress-16", 16, 10_000, Kind::Narrow(100)),
    workload("stress-32", 32, 10_000, Kind::Narrow(100)),
    workload("stress-48", 48, 10_000, Kind::Narrow(100)),
    workload("stress-64", 64, 10_000, Kind::Narrow(100)),
    workload("stress-96", 96, 10_000, Kind::Narrow(100)),
    workload("stress-128", 128, 10_000, Kind::Narrow(100)),
    workload("stress-192", 192, 10_000, Kind::Narrow(100)),
];

/// How rows are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Made {
    Insert,
    Copy,
}

impl Workload {
    pub fn table(self) -> &'static str {
        if self.kind == Kind::Wide { WIDE } else { NARROW }
    }

    /// Writes for that long. Returns the changes where they cannot be told from the table.
    pub fn write(self, server: &BenchServer, made: Made, time: Duration) -> Option<RowSet> {
        let end = Instant::now() + time;
        let statement: Arc<str> = self.statement(made).into();
        let sets = server.runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..self.writers {
                clients.push(server.server.client().await);
            }
            let writing = clients.into_iter().map(|client| {
                let statement = Arc::clone(&statement);
                tokio::spawn(self.write_until(client, statement, made, end))
            });
            let mut sets = Vec::new();
            for writer in writing.collect::<Vec<_>>() {
                sets.push(writer.await.expect("a writer"));
            }
            sets
        });
        matches!(self.kind, Kind::Mixed(_)).then(|| sets.into_iter().next().unwrap_or_default())
    }

    fn columns(self) -> (String, String) {
        match self.kind {
            Kind::Narrow(count) | Kind::Mixed(count) => {
                ("payload".to_owned(), format!("'{}'", letters(count)))
            }
            Kind::Wide => wide_columns(),
        }
    }

    /// A statement, or the rows of a COPY.
    fn statement(self, made: Made) -> String {
        let (columns, values) = self.columns();
        if made == Made::Copy {
            return format!("{}\n", values.replace(", ", "\t").replace('\'', "")).repeat(self.rows);
        }
        let rows = vec![format!("({values})"); self.rows].join(",");
        let returning = if matches!(self.kind, Kind::Mixed(_)) { " RETURNING id" } else { "" };
        format!("INSERT INTO {} ({columns}) VALUES {rows}{returning}", self.table())
    }

    async fn write_until(
        self,
        client: Client,
        statement: Arc<str>,
        made: Made,
        end: Instant,
    ) -> RowSet {
        let mut set = RowSet::default();
        while Instant::now() < end {
            match (self.kind, made) {
                (Kind::Mixed(_), _) => mixed(&client, &statement, &mut set).await,
                (_, Made::Insert) => drop(client.simple_query(&statement).await.expect("INSERT")),
                (_, Made::Copy) => self.copy(&client, &statement).await,
            }
        }
        set
    }

    async fn copy(self, client: &Client, rows: &Arc<str>) {
        use futures_util::SinkExt as _;
        let sql = format!("COPY {} ({}) FROM STDIN", self.table(), self.columns().0);
        let sink = client.copy_in(&sql).await.expect("COPY");
        let mut sink = std::pin::pin!(sink);
        let rows = bytes::Bytes::copy_from_slice(rows.as_bytes());
        sink.send(rows).await.expect("rows");
        sink.finish().await.expect("COPY");
    }
}

/// Three transactions, as the load test's.
async fn mixed(client: &Client, insert: &str, set: &mut RowSet) {
    let answer = client.simple_query(insert).await.expect("INSERT");
    let ids: Vec<i64> = answer
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        })
        .collect();
    let (updated, rest) = ids.split_at(ids.len() / 4);
    let (deleted, _) = rest.split_at(updated.len());
    let list = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let update =
        format!("UPDATE {NARROW} SET payload = payload || '_upd' WHERE id IN ({})", list(updated));
    let delete = format!("DELETE FROM {NARROW} WHERE id IN ({})", list(deleted));
    client.simple_query(&update).await.expect("UPDATE");
    client.simple_query(&delete).await.expect("DELETE");
    ids.iter().chain(updated).chain(deleted).for_each(|&id| set.add(id));
}
