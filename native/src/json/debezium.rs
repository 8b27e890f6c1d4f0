//! Changes in Debezium's envelope: `before`, `after`, `source`, `op`, `transaction`, `ts_ms`, as its
//! connector for PostgreSQL writes them without schemas (its documentation, "Data change events").
//!
//! Values, and the content of messages, are written as in our own lines, not in the encodings of Kafka
//! Connect: numbers keep their digits, times are PostgreSQL's text. Of a row with replica identity `FULL` the stream does not say
//! which columns are its primary key, so that a change of the key is one `u` there.

use std::time::{SystemTime, UNIX_EPOCH};

use walscope_core::pgoutput::{Column, LogicalMessage, Message, OldTuple, Tuple, Update};
use walscope_core::relation::{BadValue, Relation};
use walscope_core::transaction::{Change, Tracker};
use walscope_core::{Lsn, Oid, Timestamp, XLogData};

use super::object::Object;
use super::value::{self, Values};

/// What stands for a value that an update left where it was stored, out of line.
const UNAVAILABLE: &str = "__debezium_unavailable_value";

/// Where changes come from, as every event says it.
#[derive(Clone, Debug)]
pub(crate) struct Debezium {
    /// The logical name of the server: the slot's.
    pub(crate) name: String,
    pub(crate) database: String,
}

/// What all events of a message have in common.
struct Event<'e> {
    debezium: &'e Debezium,
    change: &'e Change<'e>,
    data: &'e XLogData<'e>,
    values: &'e Values,
}

/// A row as it was sent: of a key-only one the other columns are NULL, as Debezium has it.
#[derive(Clone, Copy)]
struct Row<'r> {
    tuple: Tuple<'r>,
    key_only: bool,
}

impl<'r> Row<'r> {
    const fn whole(tuple: Tuple<'r>) -> Self {
        Self { tuple, key_only: false }
    }

    const fn of_old(old: OldTuple<'r>) -> Self {
        Self { tuple: old.tuple(), key_only: matches!(old, OldTuple::Key(_)) }
    }
}

impl Debezium {
    /// Appends the events of `change`, which came as `data`, each with its line feed: none for what
    /// only begins or ends something.
    ///
    /// # Errors
    ///
    /// A value that is wrong. Nothing is appended then.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        change: &Change<'_>,
        data: &XLogData<'_>,
        tracker: &Tracker,
        values: &Values,
    ) -> Result<(), BadValue> {
        let start = out.len();
        let event = Event { debezium: self, change, data, values };
        let written = event.write(out, tracker);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }
}

impl Event<'_> {
    fn write(&self, out: &mut Vec<u8>, tracker: &Tracker) -> Result<(), BadValue> {
        match self.change.message {
            Message::Insert(insert) => {
                self.row(out, tracker, insert.relation, "c", (None, Some(Row::whole(insert.new))))
            }
            Message::Update(update) => self.update(out, tracker, &update),
            Message::Delete(delete) => {
                let before = Row::of_old(delete.old);
                self.row(out, tracker, delete.relation, "d", (Some(before), None))
            }
            Message::Truncate(truncate) => truncate
                .relations()
                .try_for_each(|relation| self.row(out, tracker, relation, "t", (None, None))),
            Message::Message(message) => {
                self.message(out, tracker, &message);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An update whose key has changed is the end of one row and the beginning of another.
    fn update(
        &self,
        out: &mut Vec<u8>,
        tracker: &Tracker,
        update: &Update<'_>,
    ) -> Result<(), BadValue> {
        let (relation, after) = (update.relation, Some(Row::whole(update.new)));
        let before = update.old.map(Row::of_old);
        if before.is_some_and(|before| before.key_only) {
            self.row(out, tracker, relation, "d", (before, None))?;
            return self.row(out, tracker, relation, "c", (None, after));
        }
        self.row(out, tracker, relation, "u", (before, after))
    }

    fn row(
        &self,
        out: &mut Vec<u8>,
        tracker: &Tracker,
        relation: Oid,
        op: &str,
        (before, after): (Option<Row<'_>>, Option<Row<'_>>),
    ) -> Result<(), BadValue> {
        let Some(relation) = tracker.find_relation(relation) else { return Ok(()) };
        let mut line = Object::begin(out);
        self.image(line.member("before"), relation, before, None)?;
        self.image(line.member("after"), relation, after, before)?;
        self.end(line, tracker, op, Some((&relation.schema, &relation.name)));
        out.push(b'\n');
        Ok(())
    }

    fn image(
        &self,
        out: &mut Vec<u8>,
        relation: &Relation,
        row: Option<Row<'_>>,
        before: Option<Row<'_>>,
    ) -> Result<(), BadValue> {
        let Some(row) = row else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        let mut object = Object::begin(out);
        let mut old = before.map(|before| before.tuple.iter());
        for (index, (column, sent)) in relation.columns.iter().zip(row.tuple.iter()).enumerate() {
            // What was left in place is what the old row has, where that was sent.
            let old = old.as_mut().and_then(Iterator::next);
            let value = match (sent, old) {
                (Column::UnchangedToast, Some(old)) => old,
                _ => sent,
            };
            let out = object.member(&column.name);
            match value {
                Column::UnchangedToast => value::write_string(out, UNAVAILABLE),
                value => self.values.write(out, (relation, index), self.data.data, value)?,
            }
        }
        object.end();
        Ok(())
    }

    fn message(&self, out: &mut Vec<u8>, tracker: &Tracker, message: &LogicalMessage<'_>) {
        let mut line = Object::begin(out);
        let mut described = Object::begin(line.member("message"));
        described.bytes("prefix", message.prefix);
        described.bytes("content", message.content);
        described.end();
        self.end(line, tracker, "m", None);
        out.push(b'\n');
    }

    fn end(&self, mut line: Object<'_>, tracker: &Tracker, op: &str, table: Option<(&str, &str)>) {
        let transaction = tracker.transaction();
        let committed = transaction.map(|transaction| (transaction.lsn, transaction.time));
        self.source(line.member("source"), committed, table);
        line.text("op", op);
        line.display("ts_ms", now_ms());
        if let (Some((lsn, _)), Some(xid), Some(seq)) =
            (committed, self.change.xid, self.change.seq)
        {
            let mut object = Object::begin(line.member("transaction"));
            object.display_text("id", format_args!("{}:{}", xid.0, lsn.0));
            object.display("total_order", u64::from(seq) + 1);
            object.end();
        }
        line.end();
    }

    fn source(
        &self,
        out: &mut Vec<u8>,
        committed: Option<(Lsn, Timestamp)>,
        table: Option<(&str, &str)>,
    ) {
        let mut source = Object::begin(out);
        source.text("version", env!("CARGO_PKG_VERSION"));
        source.text("connector", "postgresql");
        source.text("name", &self.debezium.name);
        if let Some((_, time)) = committed {
            source.display("ts_ms", time.to_unix_micros() / 1000);
            source.display("ts_us", time.to_unix_micros());
        }
        source.text("snapshot", "false");
        source.text("db", &self.debezium.database);
        if let Some((commit, _)) = committed {
            source.display_text(
                "sequence",
                format_args!("[\\\"{}\\\",\\\"{}\\\"]", commit.0, self.data.start.0),
            );
        }
        if let Some((schema, table)) = table {
            source.text("schema", schema);
            source.text("table", table);
        }
        if let Some(xid) = self.change.xid {
            source.display("txId", xid.0);
        }
        source.display("lsn", self.data.start.0);
        source.end();
    }
}

fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
