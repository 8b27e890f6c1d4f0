//! Messages of pgoutput, one after the other through one decoder. The input is payloads, each behind
//! its length in two bytes.

use core::hint::black_box;

use walscope_core::pgoutput::{Column, Decoder, Message, Tuple};

use super::input::Input;
use super::memory::bounded;

/// Checks a sequence of messages.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut decoder = Decoder::default();
    while !input.is_empty() {
        message(&mut decoder, input.sized());
    }
}

fn message(decoder: &mut Decoder, payload: &[u8]) {
    let before = *decoder;
    let decoded = bounded(payload.len(), 0, 0, || {
        let decoded = decoder.decode(payload);
        if let Ok(message) = &decoded {
            walk(message);
        }
        decoded
    });
    match decoded {
        Ok(message) => {
            let mut encoded = Vec::new();
            bounded(payload.len(), 64, 4, || message.encode(&mut encoded));
            assert_eq!(encoded, payload, "{message:?}");
            cut(before, &message, payload);
        }
        Err(error) => {
            assert_eq!(*decoder, before, "a refused message changes the decoder");
            assert!(error.offset() <= payload.len() as u64, "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
    prefix(before, decoded.ok(), payload);
}

/// Goes through all that a message says.
fn walk(message: &Message<'_>) {
    black_box((message.tag(), message.streamed_xid()));
    match message {
        Message::Relation(relation) => {
            black_box((relation.schema(), relation.name));
            assert_eq!(relation.columns().count(), relation.columns().len());
        }
        Message::Type(described) => {
            black_box((described.schema(), described.name));
        }
        Message::Insert(insert) => row(&insert.new),
        Message::Update(update) => {
            row(&update.new);
            if let Some(old) = &update.old {
                row(&old.tuple());
                black_box(update.new.filled_from(&old.tuple()).count());
            }
        }
        Message::Delete(delete) => row(&delete.old.tuple()),
        Message::Truncate(truncate) => {
            assert_eq!(truncate.relations().count(), truncate.relations().len());
        }
        _ => {}
    }
}

fn row(row: &Tuple<'_>) {
    assert_eq!(row.iter().count(), row.len());
    for column in row {
        if let Column::Text(value) | Column::Binary(value) = column {
            black_box(value);
        }
    }
}

/// What lacks its last byte is no message. Only a StreamAbort has a short form and a long one.
fn cut(mut decoder: Decoder, message: &Message<'_>, payload: &[u8]) {
    let cut = &payload[..payload.len() - 1];
    if !matches!(message, Message::StreamAbort(_)) {
        assert!(decoder.decode(cut).is_err(), "{message:?} may lack its last byte");
    }
}

/// A file of `pg_recvlogical` has the same messages, each followed by a line feed.
fn prefix(mut decoder: Decoder, whole: Option<Message<'_>>, payload: &[u8]) {
    const LINE_FEED: u8 = b'\n';
    let mut line = payload.to_vec();
    line.push(LINE_FEED);
    let found = decoder.decode_prefix(&line);
    match (whole, found) {
        // Its form depends on the byte behind it.
        (Some(Message::StreamAbort(_)), _) | (_, Ok((Message::StreamAbort(_), _))) => {}
        (Some(message), found) => assert_eq!(found, Ok((message, payload.len()))),
        (None, Ok((message, length))) => assert_ne!(length, payload.len(), "{message:?}"),
        (None, Err(_)) => {}
    }
}
