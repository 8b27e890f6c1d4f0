//! Reads the batch index as its documentation describes it (`core/src/index/mod.rs`), into values
//! that own everything, so that batches can be compared however the input was cut.

use std::fmt;

use walscope_core::frame::MAX_MESSAGE;
use walscope_core::index::{
    Batch, BatchDecoder, HEADER_WORDS, LAYOUT_VERSION, OnError, RECORD_WORDS,
};
use walscope_core::transaction::View;

/// A record's kind, its ASCII code.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kind(pub(crate) u8);

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", char::from(self.0))
    }
}

/// One word or group of words of a record's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Word(i32),
    Wide(u64),
    Text(Option<Vec<u8>>),
    Column(Column),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Null,
    Unchanged,
    Ascii(Vec<u8>),
    OtherText(Vec<u8>),
    Binary(Vec<u8>),
}

/// A record with everything that its offsets point at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) flag: bool,
    /// Position of the message in the whole input; 0 where there is none, or more than one.
    pub(crate) position: u64,
    pub(crate) message: Vec<u8>,
    pub(crate) lsn: u64,
    pub(crate) xid: u32,
    /// Items of the whole input up to and including this record.
    pub(crate) items: u64,
    pub(crate) fields: Vec<Field>,
    /// The body of the context record ('@') that holds for this one, and its flag.
    pub(crate) context: Option<(bool, Vec<Field>)>,
}

/// The records of chunks, and of the end, up to the first error.
pub(crate) fn of(chunks: &[&[u8]], view: View, on_error: OnError) -> Vec<Record> {
    let mut decoder = BatchDecoder::new(view, on_error, MAX_MESSAGE);
    let mut records = Vec::new();
    for chunk in chunks {
        records.extend(of_batch(&decoder.push(chunk)));
        if records.last().is_some_and(|last| last.kind == Kind(b'!')) && on_error == OnError::Stop {
            return records;
        }
    }
    records.extend(of_batch(&decoder.end()));
    records
}

/// The records of a batch but for the context records, which the others have with them.
pub(crate) fn of_batch(batch: &Batch<'_>) -> Vec<Record> {
    let header = &batch.words[..HEADER_WORDS];
    assert_eq!(header[0], LAYOUT_VERSION);
    assert_eq!(header[1], int(batch.words.len()));
    assert_eq!(header[3], int(batch.bytes.len()));
    let (items_before, position) = (wide(header, 4), wide(header, 6));
    let mut bytes = batch.bytes.to_vec();
    bytes.extend_from_slice(batch.side);

    let mut records = Vec::new();
    let mut context = None;
    let mut rest = &batch.words[HEADER_WORDS..];
    let mut count = 0;
    while !rest.is_empty() {
        let length = usize::try_from(rest[1]).expect("a record's length");
        let (words, others) = rest.split_at(length);
        rest = others;
        count += 1;
        let mut record = read(words, &bytes, position, items_before);
        if record.kind == Kind(b'@') {
            context = Some((record.flag, record.fields));
            continue;
        }
        record.context.clone_from(&context);
        if matches!(record.kind.0, b'C' | b'P') {
            context = None;
        }
        records.push(record);
    }
    assert_eq!(header[2], count, "the number of records");
    records
}

fn read(words: &[i32], bytes: &[u8], position: u64, items_before: u64) -> Record {
    let kind = Kind(words[0].to_le_bytes()[0]);
    let mut body = Body { words: &words[RECORD_WORDS..], bytes, fields: Vec::new() };
    body.read(kind.0);
    assert!(body.words.is_empty(), "{kind:?}: {} words are left", body.words.len());
    // A keepalive has no message of the output plugin.
    let nowhere = words[3] == 0 || position == u64::MAX;
    let position = if nowhere { 0 } else { position + u64::from(words[2].cast_unsigned()) };
    Record {
        kind,
        flag: words[0] >> 8 == 1,
        position,
        message: slice(bytes, words[2], words[3]),
        lsn: wide(words, 4),
        xid: words[6].cast_unsigned(),
        items: items_before + u64::from(words[7].cast_unsigned()),
        fields: body.fields,
        context: None,
    }
}

struct Body<'a> {
    words: &'a [i32],
    bytes: &'a [u8],
    fields: Vec<Field>,
}

impl Body<'_> {
    /// A letter for each field: w a word, d two, t a text, then what repeats.
    fn read(&mut self, kind: u8) {
        match kind {
            b'@' => self.plain("ddtt"),
            b'#' => self.plain("t"),
            b'B' | b'E' => {}
            b'C' | b'c' => self.plain("ddd"),
            b'P' | b'b' | b'p' | b'K' => self.plain("dddt"),
            b'r' => self.plain("ddddt"),
            b'O' => self.plain("dt"),
            b'R' => {
                self.plain("wwwttt");
                for _ in 0..self.word() {
                    self.plain("twwwwwww");
                }
            }
            b'Y' => self.plain("wtt"),
            b'I' | b'U' | b'D' => {
                self.plain("www");
                let columns = self.word() + self.word();
                for _ in 0..columns {
                    self.column();
                }
            }
            b'T' => {
                self.plain("ww");
                for _ in 0..self.word() {
                    self.plain("w");
                }
            }
            b'M' => self.plain("dtt"),
            b'S' => self.plain("w"),
            b'A' => self.plain("wdd"),
            b'k' => self.plain("dw"),
            b'!' => self.plain("tdwtttw"),
            other => panic!("unknown kind {:?}", char::from(other)),
        }
    }

    fn plain(&mut self, layout: &str) {
        for letter in layout.chars() {
            match letter {
                'w' => {
                    self.word();
                }
                'd' => {
                    let value = wide(self.words, 0);
                    self.words = &self.words[2..];
                    self.fields.push(Field::Wide(value));
                }
                _ => {
                    let text = (self.words[1] >= 0)
                        .then(|| slice(self.bytes, self.words[0], self.words[1]));
                    self.words = &self.words[2..];
                    self.fields.push(Field::Text(text));
                }
            }
        }
    }

    fn word(&mut self) -> i32 {
        let word = self.words[0];
        self.words = &self.words[1..];
        self.fields.push(Field::Word(word));
        word
    }

    fn column(&mut self) {
        let (a, b) = (self.words[0], self.words[1]);
        self.words = &self.words[2..];
        self.fields.push(Field::Column(match (a, b) {
            (_, -1) => Column::Null,
            (_, -2) => Column::Unchanged,
            (_, ..=-3) => Column::OtherText(slice(self.bytes, a, -3 - b)),
            (..0, _) => Column::Binary(slice(self.bytes, !a, b)),
            _ => Column::Ascii(slice(self.bytes, a, b)),
        }));
    }
}

fn slice(bytes: &[u8], offset: i32, length: i32) -> Vec<u8> {
    let offset = usize::try_from(offset).expect("an offset");
    let length = usize::try_from(length).expect("a length");
    bytes[offset..offset + length].to_vec()
}

fn wide(words: &[i32], at: usize) -> u64 {
    u64::from(words[at + 1].cast_unsigned()) << 32 | u64::from(words[at].cast_unsigned())
}

pub(crate) fn int(value: usize) -> i32 {
    i32::try_from(value).expect("31 bits")
}
