//! Rows as user structs.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod absent;
mod allocations;
mod containers;
mod errors;
mod scalars;
mod shapes;

use serde::de::DeserializeOwned;
use walscope_core::Oid;
use walscope_core::pgoutput::{Decoder, Message};
use walscope_core::relation::{Relation, RelationCache};
use walscope_core::row::{Row, RowError};

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
enum Sent<'a> {
    Null,
    Unchanged,
    Text(&'a str),
    Binary(&'a [u8]),
}

use Sent::{Binary, Null, Text, Unchanged};

/// Describes `public.t`; the first column is its key.
fn relation(columns: &[(&str, Oid)]) -> Relation {
    let mut bytes = b"R\0\0\x40\x01public\0t\0d".to_vec();
    bytes.extend(u16::try_from(columns.len()).expect("few columns").to_be_bytes());
    for (at, (name, type_oid)) in columns.iter().enumerate() {
        bytes.push(u8::from(at == 0));
        bytes.extend(format!("{name}\0").bytes());
        bytes.extend(type_oid.0.to_be_bytes());
        bytes.extend((-1_i32).to_be_bytes());
    }
    let mut cache = RelationCache::default();
    match message(&bytes) {
        Message::Relation(relation) => cache.describe(&relation).expect("names in UTF-8"),
        other => panic!("{other:?}"),
    };
    cache.get(Oid(0x4001)).expect("just described").clone()
}

/// The bytes of a row.
fn tuple(values: &[Sent<'_>]) -> Vec<u8> {
    let mut bytes = u16::try_from(values.len()).expect("few columns").to_be_bytes().to_vec();
    for value in values {
        let (kind, value) = match value {
            Null => (b'n', None),
            Unchanged => (b'u', None),
            Text(text) => (b't', Some(text.as_bytes())),
            Binary(value) => (b'b', Some(*value)),
        };
        bytes.push(kind);
        if let Some(value) = value {
            bytes.extend(u32::try_from(value.len()).expect("short").to_be_bytes());
            bytes.extend_from_slice(value);
        }
    }
    bytes
}

/// The bytes of an Insert message.
fn insert(values: &[Sent<'_>]) -> Vec<u8> {
    [b"I\0\0\x40\x01N".as_slice(), &tuple(values)].concat()
}

/// The bytes of an Update message; `kind` is that of the row before.
fn update(kind: u8, before: &[Sent<'_>], after: &[Sent<'_>]) -> Vec<u8> {
    [b"U\0\0\x40\x01".as_slice(), &[kind], &tuple(before), b"N", &tuple(after)].concat()
}

fn message(bytes: &[u8]) -> Message<'_> {
    Decoder::default().decode(bytes).expect("a message")
}

/// The row of an Insert message.
fn row<'r, 'm>(relation: &'r Relation, bytes: &'m [u8]) -> Row<'r, 'm> {
    match message(bytes) {
        Message::Insert(insert) => Row::new(relation, insert.new),
        other => panic!("{other:?}"),
    }
}

/// The only column of a row.
fn read<T: DeserializeOwned>(type_oid: Oid, value: Sent<'_>) -> Result<T, RowError> {
    let (relation, bytes) = (relation(&[("c", type_oid)]), insert(&[value]));
    row(&relation, &bytes).deserialize::<(T,)>().map(|(value,)| value)
}

/// The same with the name of the table and column taken from the error.
fn refused<T: DeserializeOwned + core::fmt::Debug>(type_oid: Oid, value: Sent<'_>) -> String {
    let text = read::<T>(type_oid, value).expect_err("to be refused").to_string();
    let (place, message) = text.split_once("): ").expect("a place");
    assert!(place.starts_with("public.t, column \"c\" ("), "{text}");
    message.to_owned()
}
