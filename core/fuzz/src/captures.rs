//! Recordings: the same records come out wherever the input is cut into chunks. The input is a byte
//! of options, two bytes that choose the cuts, and the recording.

use walscope_core::index::{Batch, BatchDecoder, HEADER_WORDS, OnError, RECORD_WORDS, kind};
use walscope_core::pgoutput::tag;
use walscope_core::transaction::View;

use super::input::{Input, chunks};
use super::memory::bounded;

const LIMIT: u32 = 1 << 20;
const OPTION_RAW: u8 = 1;
const OPTION_SKIP: u8 = 2;
/// Words of a row before its columns.
const ROW_WORDS: usize = 5;
const ROW_COUNTS: usize = 3;

/// Checks a recording.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let options = input.byte();
    let seed = input.u16();
    let recording = input.0;
    let whole = || core::iter::once(recording);
    bounded(recording.len(), 64 * 1024, 256, || {
        let mut decoder = decoder(options);
        decoder.push(recording);
        decoder.end();
    });
    let expected = records(options, whole());
    let found = records(options, chunks(recording, seed));
    for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
        assert_eq!(expected, found, "record {number} depends on the cuts");
    }
    assert_eq!(expected.len(), found.len(), "the number of records depends on the cuts");
}

fn decoder(options: u8) -> BatchDecoder {
    let view = if options & OPTION_RAW == 0 { View::Transactions } else { View::Raw };
    let on_error = if options & OPTION_SKIP == 0 { OnError::Stop } else { OnError::Skip };
    BatchDecoder::new(view, on_error, LIMIT)
}

/// A record without what depends on its batch.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    kind: i32,
    lsn: [i32; 2],
    xid: i32,
    items: u64,
    message: Vec<u8>,
    /// Its own words, with bytes instead of places.
    words: Vec<Word>,
    /// The same of the transaction around it.
    transaction: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Number(i32),
    Bytes(bool, Vec<u8>),
}

fn records<'a>(options: u8, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Record> {
    let mut decoder = decoder(options);
    let mut records = Records { stops: options & OPTION_SKIP == 0, ..Records::default() };
    for chunk in chunks {
        records.take(&decoder.push(chunk));
    }
    records.take(&decoder.end());
    records.all
}

#[derive(Default)]
struct Records {
    all: Vec<Record>,
    transaction: Vec<Word>,
    stops: bool,
    /// The error that ended it is told in every later batch too.
    stopped: bool,
}

impl Records {
    fn take(&mut self, batch: &Batch<'_>) {
        let bytes = [batch.bytes, batch.side].concat();
        let header = &batch.words[..HEADER_WORDS];
        assert_eq!(header[1] as usize, batch.words.len());
        assert_eq!(header[3] as usize, batch.bytes.len());
        let items_before = u64::from(header[4].cast_unsigned());
        let (mut rest, mut count) = (&batch.words[HEADER_WORDS..], 0);
        while let Some(length) = rest.get(1) {
            let (record, behind) = rest.split_at(*length as usize);
            rest = behind;
            count += 1;
            self.record(record, &bytes, items_before);
        }
        assert_eq!(count, header[2]);
    }

    fn record(&mut self, record: &[i32], bytes: &[u8], items_before: u64) {
        if self.stopped {
            return;
        }
        let (head, own) = record.split_at(RECORD_WORDS);
        let tag = (head[0] & 0xFF) as u8;
        let words = words(tag, own, bytes);
        if tag == kind::TRANSACTION {
            // It is told again in every batch.
            self.transaction = words;
            return;
        }
        let is_error = tag == kind::ERROR;
        self.stopped = is_error && self.stops;
        // How much an error is about depends on what has come.
        let message = if is_error { &[][..] } else { slice(bytes, head[2], head[3]) };
        // What ends the decoding although errors are skipped is told again in every later batch too.
        let again = |last: &Record| (last.kind, &last.words) == (head[0], &words);
        if is_error && self.all.last().is_some_and(again) {
            return;
        }
        self.all.push(Record {
            kind: head[0],
            lsn: [head[4], head[5]],
            xid: head[6],
            items: items_before + u64::from(head[7].cast_unsigned()),
            message: message.to_vec(),
            words,
            transaction: self.transaction.clone(),
        });
    }
}

fn slice(bytes: &[u8], offset: i32, length: i32) -> &[u8] {
    &bytes[offset as usize..][..length as usize]
}

fn text(bytes: &[u8], pair: &[i32]) -> Word {
    match pair {
        [_, ..0] => Word::Number(pair[1]),
        [offset, length] => Word::Bytes(false, slice(bytes, *offset, *length).to_vec()),
        _ => panic!("half a text"),
    }
}

/// The words of a record, as far as this knows their layout: see `walscope_core::index`.
fn words(tag: u8, own: &[i32], bytes: &[u8]) -> Vec<Word> {
    let numbers = |words: &[i32]| words.iter().copied().map(Word::Number).collect::<Vec<_>>();
    match tag {
        tag::INSERT | tag::UPDATE | tag::DELETE => {
            let (head, columns) = own.split_at(ROW_WORDS);
            assert_eq!(columns.len() as i32, 2 * (head[ROW_COUNTS] + head[ROW_COUNTS + 1]));
            let mut words = numbers(head);
            words.extend(columns.chunks(2).map(|pair| column(bytes, pair[0], pair[1])));
            words
        }
        kind::TRANSACTION => {
            let mut words = numbers(&own[..4]);
            words.extend(own[4..].chunks(2).map(|pair| text(bytes, pair)));
            words
        }
        kind::ERROR => {
            // The bytes of a value that is wrong are in one batch only.
            let mut words = numbers(&own[2..5]);
            words.extend([0, 5, 7].map(|at| text(bytes, &own[at..at + 2])));
            words
        }
        // Its message says it all, except for places.
        _ => vec![Word::Number(own.len() as i32)],
    }
}

fn column(bytes: &[u8], a: i32, b: i32) -> Word {
    const NOT_ASCII: i32 = -3;
    match (a, b) {
        (..0, _) => Word::Bytes(true, slice(bytes, !a, b).to_vec()),
        (_, ..=NOT_ASCII) => Word::Bytes(false, slice(bytes, a, NOT_ASCII - b).to_vec()),
        (_, ..0) => Word::Number(b),
        _ => {
            let value = slice(bytes, a, b);
            assert!(value.is_ascii());
            Word::Bytes(false, value.to_vec())
        }
    }
}
