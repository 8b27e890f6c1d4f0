//! The decoders. Each reads one whole recording and every byte range in its rows.

use core::hint::black_box;

use pg_walstream::{ColumnValue, EventType, PgOutputDecoder, RowData};
use pgoutput::events::base::event::BaseEvent;
use pgoutput::events::base::tuple_data::{OldDataOrPrimaryKeyTupleData, TupleDataColumn};
use pgoutput::events::event::{Event, EventType as PgoutputType};
use pgoutput::options::{BinaryValueTraitOff, StreamingValueTraitOff};
use walscope_core::Oid;
use walscope_core::pgoutput::{Column, Decoder, Message, Tuple};
use walscope_core::transaction::{Tracker, View};
use walscope_core::value::Value;

use crate::corpus::Corpus;

/// A decoder.
pub struct Contender {
    pub name: &'static str,
    /// Decodes a whole recording from the beginning of a connection; `None` where it cannot.
    pub pass: fn(&Corpus) -> Option<Read>,
}

/// The first is what the others are compared with.
pub const CONTENDERS: [Contender; 5] = [
    Contender { name: "walscope", pass: walscope_columns },
    Contender { name: "walscope, relation found", pass: walscope_tracked },
    Contender { name: "walscope, values", pass: walscope_values },
    Contender { name: "pg_walstream ChangeEvent", pass: pg_walstream },
    Contender { name: "pgoutput", pass: pgoutput },
];

/// What was read: values that are there, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub columns: usize,
    pub bytes: usize,
}

impl Read {
    #[inline]
    fn column(&mut self, bytes: &[u8]) {
        self.columns += 1;
        self.bytes += black_box(bytes).len();
    }
}

fn walscope_columns(corpus: &Corpus) -> Option<Read> {
    let mut decoder = Decoder::default();
    let mut read = Read::default();
    for (payload, _) in &corpus.payloads {
        let Ok(message) = &decoder.decode(payload) else { return None };
        walscope_rows(message, |row| walscope_row(row, &mut read));
    }
    Some(read)
}

/// What ChangeEvent holds too: the relation that a row belongs to, and its transaction.
fn walscope_tracked(corpus: &Corpus) -> Option<Read> {
    let mut tracker = Tracker::new(View::Transactions);
    let mut read = Read::default();
    for (payload, _) in &corpus.payloads {
        let Ok(change) = &tracker.next(payload) else { return None };
        black_box((change.xid, change.seq));
        if let Some(oid) = relation(&change.message) {
            black_box(tracker.relation(oid));
        }
        walscope_rows(&change.message, |row| walscope_row(row, &mut read));
    }
    Some(read)
}

/// Every column as a value of its type.
fn walscope_values(corpus: &Corpus) -> Option<Read> {
    let mut tracker = Tracker::new(View::Transactions);
    let mut read = Read::default();
    for (payload, _) in &corpus.payloads {
        let Ok(change) = &tracker.next(payload) else { return None };
        let Some(oid) = relation(&change.message) else { continue };
        let relation = tracker.relation(oid)?;
        walscope_rows(&change.message, |row| {
            for (column, described) in row.iter().zip(&relation.columns) {
                if let Column::Text(text) = column {
                    let value = Value::from_text(described.type_oid, text);
                    if black_box(value).is_ok() {
                        read.column(text);
                    }
                }
            }
        });
    }
    Some(read)
}

fn relation(message: &Message<'_>) -> Option<Oid> {
    match message {
        Message::Insert(insert) => Some(insert.relation),
        Message::Update(update) => Some(update.relation),
        Message::Delete(delete) => Some(delete.relation),
        _ => None,
    }
}

/// The rows of a change.
#[inline]
fn walscope_rows<'a>(message: &Message<'a>, mut row: impl FnMut(&Tuple<'a>)) {
    match message {
        Message::Insert(insert) => row(&insert.new),
        Message::Update(update) => {
            if let Some(old) = update.old {
                row(&old.tuple());
            }
            row(&update.new);
        }
        Message::Delete(delete) => row(&delete.old.tuple()),
        other => {
            black_box(other);
        }
    }
}

#[inline]
fn walscope_row(row: &Tuple<'_>, read: &mut Read) {
    for column in row {
        if let Column::Text(bytes) | Column::Binary(bytes) = column {
            read.column(bytes);
        }
    }
}

fn pg_walstream(corpus: &Corpus) -> Option<Read> {
    let mut decoder = PgOutputDecoder::with_protocol_version(1);
    let mut read = Read::default();
    for (payload, lsn) in &corpus.payloads {
        let lsn = pg_walstream::Lsn::new(lsn.0);
        let Some(event) = decoder.decode_message(payload.clone(), lsn).ok()? else {
            continue;
        };
        match &event.event_type {
            EventType::Insert { data, .. } => pg_walstream_row(data, &mut read),
            EventType::Update { old_data, new_data, .. } => {
                if let Some(old) = old_data {
                    pg_walstream_row(old, &mut read);
                }
                pg_walstream_row(new_data, &mut read);
            }
            EventType::Delete { old_data, .. } => pg_walstream_row(old_data, &mut read),
            other => {
                black_box(other);
            }
        }
    }
    Some(read)
}

#[inline]
fn pg_walstream_row(row: &RowData, read: &mut Read) {
    for (_, value) in row.iter() {
        if let ColumnValue::Text(bytes) | ColumnValue::Binary(bytes) = value {
            read.column(bytes);
        }
    }
}

fn pgoutput(corpus: &Corpus) -> Option<Read> {
    type PgoutputEvent = Event<BinaryValueTraitOff, StreamingValueTraitOff>;
    let mut read = Read::default();
    for (payload, _) in &corpus.payloads {
        let (&tag, body) = payload.split_first()?;
        let kind = PgoutputType::from_char(tag)?;
        let event = PgoutputEvent::parse(&kind, body).ok()?;
        if let Event::Base(base) = &event {
            match base {
                BaseEvent::Insert(insert) => pgoutput_row(&insert.data, &mut read),
                BaseEvent::Update(update) => {
                    if let Some(old) = &update.old_data_or_primary_key {
                        pgoutput_old_row(old, &mut read);
                    }
                    pgoutput_row(&update.data, &mut read);
                }
                BaseEvent::Delete(delete) => {
                    if let Some(old) = &delete.old_data_or_primary_key {
                        pgoutput_old_row(old, &mut read);
                    }
                }
                _ => {}
            }
        }
        black_box(&event);
    }
    Some(read)
}

fn pgoutput_old_row(old: &OldDataOrPrimaryKeyTupleData<BinaryValueTraitOff>, read: &mut Read) {
    match old {
        OldDataOrPrimaryKeyTupleData::OldTupleData(row)
        | OldDataOrPrimaryKeyTupleData::PrimaryKeyTupleData(row) => pgoutput_row(row, read),
    }
}

#[inline]
fn pgoutput_row(row: &[TupleDataColumn<BinaryValueTraitOff>], read: &mut Read) {
    for column in row {
        if let TupleDataColumn::Value(text) = column {
            read.column(text.as_bytes());
        }
    }
}
