//! No flipped byte leads to a panic, here or when what was decoded is read on, and errors can be
//! shown.

use std::hint::black_box;

use walscope_core::Error;
use walscope_core::capture::{Entry, Next};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::index::{BatchDecoder, OnError};
use walscope_core::pgoutput::{Column, Decoder, Message, Tuple};
use walscope_core::relation::{Relation, RelationCache};
use walscope_core::transaction::View;
use walscope_core::value::Value;
use walscope_tests::fixtures;

use crate::each_entry;
use crate::records;

/// What a byte is changed by: these take turns, and every byte is inverted too.
const CHANGES: [u8; 8] = [0x01, 0x80, 0x02, 0x40, 0x04, 0x20, 0x08, 0x10];
const INVERTED: u8 = 0xFF;
/// Fixtures up to this size have every byte of every message changed.
const SMALL: usize = 40 * 1024;
/// Larger ones every so manieth, odd so that all fields and changes come by.
const STRIDE: usize = 19;
/// Changed bytes in fixtures that are decoded whole for each of them.
const WHOLE: usize = 12;
/// Fixtures up to this size have every fourth of their bytes changed so.
const TINY: usize = 4 * 1024;
const TINY_STRIDE: usize = 4;

/// Each message alone, with the state and the relations that belong before it.
#[test]
fn a_flipped_byte_of_a_message_never_panics() {
    for fixture in fixtures::all() {
        let stride = if fixture.bytes.len() <= SMALL { 1 } else { STRIDE };
        let mut decoder = Decoder::default();
        let mut relations = RelationCache::default();
        let mut bytes = Vec::new();
        each_entry(&fixture, |entry, original, reader| {
            bytes.clear();
            bytes.extend_from_slice(original);
            let first = usize::try_from(reader.offset()).expect("an offset") % stride;
            for place in (first..bytes.len()).step_by(stride) {
                for change in [CHANGES[place % CHANGES.len()], INVERTED] {
                    bytes[place] ^= change;
                    let mut reader = reader;
                    match reader.next(&bytes) {
                        Ok(Next::Entry(Entry::Data(data), _)) => {
                            look_at(decoder, data.data, &mut relations);
                        }
                        Ok(_) => {}
                        Err(error) => shown(&error),
                    }
                    bytes[place] ^= change;
                }
            }
            if let Entry::Data(data) = entry
                && let Message::Relation(relation) = decoder.decode(data.data).expect("a message")
            {
                relations.describe(&relation).expect("a relation");
            }
        });
    }
}

/// Decodes a message and reads everything of it.
fn look_at(mut decoder: Decoder, payload: &[u8], relations: &mut RelationCache) {
    let message = match decoder.decode(payload) {
        Ok(message) => message,
        Err(error) => return shown(&error),
    };
    let mut encoded = Vec::new();
    message.encode(&mut encoded);
    assert_eq!(encoded, payload);
    match &message {
        Message::Insert(insert) => values(&insert.new, relations.get(insert.relation)),
        Message::Update(update) => {
            let relation = relations.get(update.relation);
            values(&update.new, relation);
            if let Some(old) = update.old {
                values(&old.tuple(), relation);
                black_box(update.new.filled_from(&old.tuple()).count());
            }
        }
        Message::Delete(delete) => values(&delete.old.tuple(), relations.get(delete.relation)),
        Message::Truncate(truncate) => assert!(truncate.relations().count() <= payload.len()),
        Message::Relation(relation) => {
            let mut cache = RelationCache::default();
            if let Err(error) = cache.describe(relation) {
                shown(&error);
            }
        }
        _ => {}
    }
}

/// Reads a row's values by the types of a relation, if it is one that is known.
fn values(row: &Tuple<'_>, relation: Option<&Relation>) {
    for (at, column) in row.iter().enumerate() {
        let Some(described) = relation.and_then(|relation| relation.columns.get(at)) else {
            continue;
        };
        let value = match column {
            Column::Text(text) => Value::from_text(described.base_type, text),
            Column::Binary(bytes) => Value::from_binary(described.base_type, bytes),
            _ => continue,
        };
        match value {
            Ok(value) => {
                // What was accepted can be walked and shown.
                if let Value::Array(array) = value {
                    black_box(array.iter().count());
                }
                black_box(value.to_string());
            }
            Err(error) => shown(&error),
        }
    }
}

fn shown(error: &Error) {
    assert!(error.to_string().contains("byte"));
}

/// The whole recording, in both views, ending at the error and going on behind it.
#[test]
fn a_flipped_byte_of_a_recording_never_panics() {
    for fixture in fixtures::all() {
        let mut bytes = fixture.bytes.clone();
        let stride = if bytes.len() <= TINY { TINY_STRIDE } else { bytes.len() / WHOLE };
        for (number, place) in (0..bytes.len()).step_by(stride).enumerate() {
            let change = CHANGES[number % CHANGES.len()];
            bytes[place] ^= change;
            let view = if number % 2 == 0 { View::Raw } else { View::Transactions };
            let on_error = if number % 3 == 0 { OnError::Stop } else { OnError::Skip };
            let mut decoder = BatchDecoder::new(view, on_error, MAX_MESSAGE);
            let (left, right) = bytes.split_at(place);
            let mut found = 0;
            for batch in [decoder.push(left).words.len(), decoder.push(right).words.len()] {
                found += batch;
            }
            assert!(found > 0);
            black_box(records::of_batch(&decoder.end()));
            bytes[place] ^= change;
        }
    }
}
