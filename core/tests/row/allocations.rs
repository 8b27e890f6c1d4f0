//! Rows allocate what the type itself holds, and nothing else.

use core::hint::black_box;

use allocation_counter::measure;
use serde::Deserialize;
use walscope_core::Timestamp;
use walscope_core::row::Maybe;
use walscope_core::value::types;

use crate::{Binary, Null, Text, insert, relation, row};

#[derive(Debug, PartialEq, Deserialize)]
struct Borrowing<'a> {
    id: i64,
    name: &'a str,
    amount: f64,
    at: Timestamp,
    tags: (&'a str, Option<&'a str>),
    note: Maybe<Option<&'a str>>,
}

#[test]
fn what_borrows_allocates_nothing() {
    let relation = relation(&[
        ("id", types::INT8),
        ("name", types::TEXT),
        ("amount", types::NUMERIC),
        ("at", types::TIMESTAMPTZ),
        ("tags", walscope_core::Oid(1009)),
        ("note", types::TEXT),
        ("unused", types::UUID),
    ]);
    let at = Text("2000-01-01 00:00:01+00");
    let numeric = [0, 2, 0, 0, 0x40, 0, 0, 2, 0x04, 0xD2, 0x13, 0x88];
    let text =
        [Text("7"), Text("n"), Text("-1234.50"), at, Text("{a,NULL}"), Null, Binary(&[0; 16])];
    let mut binary = text;
    let id = 7_i64.to_be_bytes();
    binary[0] = Binary(&id);
    binary[2] = Binary(&numeric);
    let expected = Borrowing {
        id: 7,
        name: "n",
        amount: -1234.5,
        at: Timestamp(1_000_000),
        tags: ("a", None),
        note: Maybe::Value(None),
    };
    for values in [text, binary] {
        let bytes = insert(&values);
        let row = row(&relation, &bytes);
        let mut found = None;
        let counted = measure(|| found = black_box(row.deserialize::<Borrowing<'_>>().ok()));
        assert_eq!(found.as_ref(), Some(&expected));
        assert_eq!(counted.count_total, 0);
    }
}
