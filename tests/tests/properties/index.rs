//! The index says of every fixture what the decoder says: messages, columns, transactions, items.

use std::collections::HashMap;

use walscope_core::capture::Entry;
use walscope_core::index::OnError;
use walscope_core::pgoutput::{self, Decoder, Message, OldTuple, Tuple};
use walscope_core::relation::Described;
use walscope_core::transaction::{Change, Tracker, View};
use walscope_core::value::{TypeKind, TypeTable, Value};
use walscope_core::{Lsn, Oid, Timestamp};
use walscope_tests::fixtures::{self, Fixture};

use crate::records::{self, Column, Field, Kind, Record, int};
use crate::{each_entry, is_streamed};

/// Batches of a host come in pieces of this size.
const CHUNK: usize = 10_000;

#[test]
fn the_index_says_what_the_decoder_says() {
    let mut seen = Vec::new();
    for fixture in fixtures::all() {
        for view in [View::Raw, View::Transactions] {
            if view == View::Transactions && is_streamed(&fixture) {
                continue;
            }
            let expected = expected(&fixture, view);
            let chunks: Vec<&[u8]> = fixture.bytes.chunks(CHUNK).collect();
            let found = records::of(&chunks, view, OnError::Stop);
            for (one, other) in found.iter().zip(&expected) {
                assert_eq!(one, other, "{}, {view:?}", fixture.name);
                seen.push(one.kind.0);
            }
            assert_eq!(found.len(), expected.len(), "{}, {view:?}", fixture.name);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    // All kinds but the context, which belongs to the other records, and the error.
    assert_eq!(String::from_utf8_lossy(&seen), "#ABCDEIKMOPRSTUYbckpr");
}

/// An error in a transaction that came in pieces has its position in the input. Red when
/// `Indexer::source` takes the position in the assembled bytes for it.
#[test]
fn errors_in_assembled_transactions_have_their_place_in_the_input() {
    let mut seen = 0;
    for fixture in fixtures::all().iter().filter(|fixture| is_streamed(fixture)) {
        let mut bytes = fixture.bytes.clone();
        let (mut rows, mut decoder) = (Vec::new(), Decoder::default());
        each_entry(fixture, |entry, frame, reader| {
            let Entry::Data(data) = entry else { return };
            if let Ok(Message::Insert(_)) = decoder.decode(data.data)
                && decoder.streaming().is_some()
            {
                rows.push(reader.offset() + (frame.len() - data.data.len()) as u64);
            }
        });
        // 'N' before the new row, behind tag, transaction and relation.
        for &row in &rows {
            bytes[usize::try_from(row).expect("an offset") + 9] = b'?';
        }
        let found = records::of(&[&bytes], View::Transactions, OnError::Skip);
        for error in found.iter().filter(|record| record.kind == Kind(b'!')) {
            let [Field::Text(_), Field::Wide(position), ..] = &error.fields[..] else {
                panic!("{:?}", error.fields)
            };
            assert!(rows.contains(&(position - 9)), "{}, byte {position}", fixture.name);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} errors");
}

/// The records that a fixture's messages ought to have.
fn expected(fixture: &Fixture, view: View) -> Vec<Record> {
    let mut tracker = Tracker::new(view);
    let mut slots = Slots::default();
    let mut records = Vec::new();
    let mut items = 0;
    each_entry(fixture, |entry, bytes, reader| {
        // What an entry holds lies at its end, but for the line feed of pg_recvlogical.
        let position = |held: &[u8]| {
            let line_feed = usize::from(!bytes.ends_with(held));
            reader.offset() + (bytes.len() - line_feed - held.len()) as u64
        };
        let mut record = Record::default();
        match entry {
            Entry::Head(json) => {
                tracker.reset();
                record.kind = Kind(b'#');
                record.position = position(json);
                record.message = json.to_vec();
                record.fields = vec![text(json)];
            }
            Entry::Keepalive(_) if view == View::Transactions => return,
            Entry::Keepalive(keepalive) => {
                record.kind = Kind(b'k');
                record.lsn = keepalive.end.0;
                let reply = i32::from(keepalive.reply_requested);
                record.fields = vec![time(keepalive.server_time), Field::Word(reply)];
                record.context = context(&tracker, tracker.is_open());
            }
            Entry::Data(data) => {
                let change = tracker.next(data.data).expect("a message");
                slots.describe(&change);
                items += u64::from(is_item(&change.message));
                if !change.shown {
                    return;
                }
                record.kind = Kind(kind(&change.message, view));
                record.flag = flag(&change) || has_own_texts(&change, &mut tracker);
                record.position = position(data.data);
                record.message = data.data.to_vec();
                record.lsn = data.start.0;
                record.xid = change.xid.map_or(0, |xid| xid.0);
                record.context = context(&tracker, true);
                record.fields = match &change.message {
                    Message::Relation(relation) => described(relation, &slots, &mut tracker),
                    _ => body(&change, &slots, view, &mut tracker),
                };
            }
        }
        record.items = items;
        records.push(record);
    });
    records
}

/// The slots of relations, counted in the order in which they are described.
#[derive(Default)]
struct Slots {
    known: HashMap<Oid, i32>,
    next: i32,
}

impl Slots {
    fn describe(&mut self, change: &Change<'_>) {
        if let Message::Relation(relation) = &change.message
            && change.described != Some(Described::Same)
        {
            self.known.insert(relation.oid, self.next);
            self.next += 1;
        }
    }

    fn of(&self, oid: Oid) -> Field {
        Field::Word(self.known[&oid])
    }
}

fn is_item(message: &Message<'_>) -> bool {
    match message {
        Message::Message(message) => !message.transactional,
        _ => matches!(message.tag(), b'C' | b'P' | b'K' | b'r' | b'c' | b'p'),
    }
}

fn kind(message: &Message<'_>, view: View) -> u8 {
    match message {
        Message::BeginPrepare(_) if view == View::Transactions => b'B',
        _ => message.tag(),
    }
}

fn flag(change: &Change<'_>) -> bool {
    match &change.message {
        Message::Message(message) => message.transactional,
        Message::Relation(_) => change.described != Some(Described::Same),
        Message::StreamAbort(abort) => abort.abort.is_some(),
        _ => false,
    }
}

/// Whether core has made text of some value of a row.
fn has_own_texts(change: &Change<'_>, tracker: &mut Tracker) -> bool {
    let (relation, tuples) = match &change.message {
        Message::Insert(insert) => (insert.relation, [Some(insert.new), None]),
        Message::Update(update) => {
            (update.relation, [Some(update.new), update.old.map(|old| old.tuple())])
        }
        Message::Delete(delete) => (delete.relation, [Some(delete.old.tuple()), None]),
        _ => return false,
    };
    let bases = bases(tracker, relation);
    let values = tuples.iter().flatten().flat_map(|tuple| tuple.iter().zip(&bases));
    values.into_iter().any(|(value, base)| {
        let is_binary = matches!(value, pgoutput::Column::Binary(_));
        is_binary && !matches!(column(value, *base), Column::Binary(_))
    })
}

fn context(tracker: &Tracker, holds: bool) -> Option<(bool, Vec<Field>)> {
    let transaction = tracker.transaction().filter(|_| holds)?;
    let own = |text: &Option<String>| Field::Text(text.clone().map(String::into_bytes));
    let fields = vec![
        lsn(transaction.lsn),
        time(transaction.time),
        own(&transaction.gid),
        own(&transaction.origin),
    ];
    Some((transaction.gid.is_some(), fields))
}

fn body(change: &Change<'_>, slots: &Slots, view: View, tracker: &mut Tracker) -> Vec<Field> {
    let seq = Field::Word(change.seq.map_or(-1, u32::cast_signed));
    let mut of = |oid| (slots.of(oid), bases(tracker, oid));
    match &change.message {
        Message::Insert(insert) => row(seq, of(insert.relation), None, Some(insert.new)),
        Message::Update(update) => row(seq, of(update.relation), update.old, Some(update.new)),
        Message::Delete(delete) => row(seq, of(delete.relation), Some(delete.old), None),
        Message::Truncate(truncate) => {
            let options = i32::from(truncate.cascade) + 2 * i32::from(truncate.restart_identity);
            let count = int(truncate.relations().len());
            let mut fields = vec![seq, Field::Word(options), Field::Word(count)];
            fields.extend(truncate.relations().map(|oid| slots.of(oid)));
            fields
        }
        Message::BeginPrepare(_) if view == View::Transactions => Vec::new(),
        other => boundary(other),
    }
}

/// The types of a relation's values.
fn bases(tracker: &mut Tracker, oid: Oid) -> Vec<Oid> {
    let relation = tracker.relation(oid).expect("a relation");
    relation.columns.iter().map(|column| column.base_type).collect()
}

fn row(
    seq: Field,
    (slot, bases): (Field, Vec<Oid>),
    old: Option<OldTuple<'_>>,
    new: Option<Tuple<'_>>,
) -> Vec<Field> {
    let (old_kind, whole) = match old {
        None => (0, false),
        Some(OldTuple::Key(_)) => (b'K', false),
        Some(OldTuple::Full(_)) => (b'O', true),
    };
    let columns = |tuple: Option<Tuple<'_>>| -> Vec<Column> {
        let columns = tuple.iter().flat_map(Tuple::iter).zip(&bases);
        columns.map(|(value, base)| column(value, *base)).collect()
    };
    let (old, mut new) = (columns(old.map(|old| old.tuple())), columns(new));
    for (new, old) in new.iter_mut().zip(&old) {
        if whole && *new == Column::Unchanged {
            new.clone_from(old);
        }
    }
    let mut fields = vec![seq, slot, Field::Word(i32::from(old_kind))];
    fields.extend([Field::Word(int(old.len())), Field::Word(int(new.len()))]);
    fields.extend(old.into_iter().chain(new).map(Field::Column));
    fields
}

fn column(value: pgoutput::Column<'_>, base: Oid) -> Column {
    match value {
        pgoutput::Column::Null => Column::Null,
        pgoutput::Column::UnchangedToast => Column::Unchanged,
        pgoutput::Column::Binary(bytes) => match Value::from_binary(base, bytes) {
            Ok(Value::Bytes(_)) | Err(_) => Column::Binary(bytes.to_vec()),
            Ok(value) => column(pgoutput::Column::Text(value.to_string().as_bytes()), base),
        },
        pgoutput::Column::Text(text) if text.iter().all(|byte| *byte < 0x80) => {
            Column::Ascii(text.to_vec())
        }
        pgoutput::Column::Text(text) => Column::OtherText(text.to_vec()),
    }
}

fn described(
    relation: &pgoutput::Relation<'_>,
    slots: &Slots,
    tracker: &mut Tracker,
) -> Vec<Field> {
    let bases = bases(tracker, relation.oid);
    let changed = tracker.difference().map(|difference| difference.to_json().into_bytes());
    let mut fields = vec![
        slots.of(relation.oid),
        Field::Word(relation.oid.0.cast_signed()),
        Field::Word(i32::from(relation.replica_identity as u8)),
        text(relation.schema()),
        text(relation.name),
        Field::Text(changed),
        Field::Word(int(relation.columns().len())),
    ];
    for (column, base) in relation.columns().zip(bases) {
        let (element, delimiter) = match TypeTable::BUILT_IN.kind(base) {
            Some(TypeKind::Array { element, delimiter }) => (element, delimiter),
            _ => (Oid(0), '\0'),
        };
        fields.extend([
            text(column.name),
            Field::Word(column.type_oid.0.cast_signed()),
            Field::Word(base.0.cast_signed()),
            Field::Word(element.0.cast_signed()),
            Field::Word(element.0.cast_signed()),
            Field::Word(u32::from(delimiter).cast_signed()),
            Field::Word(column.type_modifier),
            Field::Word(i32::from(column.key)),
        ]);
    }
    fields
}

/// Messages without rows.
fn boundary(message: &Message<'_>) -> Vec<Field> {
    match message {
        Message::Commit(end) => vec![lsn(end.commit_lsn), lsn(end.end_lsn), time(end.commit_time)],
        Message::StreamCommit(end) => {
            vec![lsn(end.commit_lsn), lsn(end.end_lsn), time(end.commit_time)]
        }
        Message::BeginPrepare(end) | Message::Prepare(end) | Message::StreamPrepare(end) => {
            vec![lsn(end.prepare_lsn), lsn(end.end_lsn), time(end.prepare_time), text(end.gid)]
        }
        Message::CommitPrepared(end) => {
            vec![lsn(end.commit_lsn), lsn(end.end_lsn), time(end.commit_time), text(end.gid)]
        }
        Message::RollbackPrepared(end) => vec![
            lsn(end.prepare_end_lsn),
            lsn(end.end_lsn),
            time(end.prepare_time),
            time(end.rollback_time),
            text(end.gid),
        ],
        Message::Origin(origin) => vec![lsn(origin.lsn), text(origin.name)],
        Message::Type(described) => vec![
            Field::Word(described.oid.0.cast_signed()),
            text(described.schema()),
            text(described.name),
        ],
        Message::Message(message) => {
            vec![lsn(message.lsn), text(message.prefix), text(message.content)]
        }
        Message::StreamStart(start) => vec![Field::Word(i32::from(start.first_segment))],
        Message::StreamAbort(abort) => {
            let (at, when) = abort.abort.unwrap_or_default();
            vec![Field::Word(abort.subxid.0.cast_signed()), lsn(at), time(when)]
        }
        _ => Vec::new(),
    }
}

fn lsn(value: Lsn) -> Field {
    Field::Wide(value.0)
}

fn time(value: Timestamp) -> Field {
    Field::Wide(value.0.cast_unsigned())
}

fn text(value: &[u8]) -> Field {
    Field::Text(Some(value.to_vec()))
}
