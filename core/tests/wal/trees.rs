//! Records as trees: what nodes say of their bytes is so, and no byte of a record is missing.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{each_record, samples};
use walscope_core::dump::{Content, Node, REST, Value};
use walscope_core::wal::Record;

/// Checks a node and those below it: each lies in the one above, behind the one before.
fn check(node: &Node<'_>, record: &Record<'_>) {
    let mut at = node.range.start;
    for child in node.children() {
        let shares_its_byte = child.name == "flags" && child.range.start + 1 == at;
        assert!(child.range.start >= at || shares_its_byte, "{} {child:?}", record.lsn());
        assert!(child.range.end <= node.range.end, "{} {child:?}", record.lsn());
        at = child.range.end;
        check(child, record);
    }
    if let Some(value) = node.value() {
        check_value(value, &record.bytes()[node.range.clone()], record);
    }
}

/// The bytes of a number are that number.
fn check_value(value: &Value<'_>, bytes: &[u8], record: &Record<'_>) {
    let number = bytes.iter().rev().take(8).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let said = match *value {
        Value::Unsigned(number) => number,
        Value::Lsn(lsn) => lsn.0,
        Value::Bool(truth) => u64::from(truth),
        _ => return,
    };
    let halves = number << 16 & 0xFFFF_0000 | number >> 16;
    assert!(said == number || said == halves && bytes.len() == 4, "{} {value:?}", record.lsn());
}

/// Ranges of all nodes that have none below them.
fn leaves(node: &Node<'_>, found: &mut Vec<Range<usize>>) {
    if node.children().is_empty() {
        found.push(node.range.clone());
    }
    for child in node.children() {
        leaves(child, found);
    }
}

fn rests(node: &Node<'_>, path: &str, found: &mut Vec<String>) {
    let path = format!("{path}/{}", node.name);
    if node.name == REST {
        found.push(path.clone());
    }
    for child in node.children() {
        rests(child, &path, found);
    }
}

#[test]
fn trees_are_of_all_bytes() {
    let (mut unread, mut opaque) = (BTreeMap::new(), BTreeMap::new());
    for sample in samples::all() {
        each_record(sample, |record| {
            let tree = record.tree();
            check(&tree, record);
            let mut ranges = Vec::new();
            leaves(&tree, &mut ranges);
            let mut at = 0;
            for range in ranges {
                // What fills up a structure has no node, and is shorter than what it is filled up to.
                assert!(range.start <= at + 7, "{} {range:?}", record.lsn());
                at = at.max(range.end);
            }
            assert!(record.bytes().len() <= at + 7, "{}", record.lsn());
            let kind =
                format!("{} {}/{}", sample.major, record.rmgr(), record.identify().unwrap_or("?"));
            let mut found = Vec::new();
            rests(&tree, "", &mut found);
            for path in found {
                *unread.entry(format!("{kind}{path}")).or_insert(0) += 1;
            }
            for node in tree.children() {
                if node.content == Content::Opaque && node.name.starts_with("data") {
                    *opaque.entry(format!("{kind} {}", node.name)).or_insert(0) += 1;
                }
            }
        });
    }
    assert!(unread.is_empty(), "{unread:#?}");
    // Rows of BRIN indexes, and what a split page had on it.
    assert!(
        opaque.keys().all(|kind| kind.contains("BRIN/") || kind.contains("/SPLIT_")),
        "{opaque:?}"
    );
}

/// The node at the end of a path.
fn at<'n, 'a>(tree: &'n Node<'a>, path: &[&str]) -> &'n Node<'a> {
    let step =
        |node: &'n Node<'a>, name: &&str| node.child(name).unwrap_or_else(|| panic!("{name}"));
    path.iter().fold(tree, step)
}

/// What the tree says is what the record's own methods say.
#[test]
fn trees_say_what_records_say() {
    for sample in samples::all() {
        each_record(sample, |record| {
            let tree = record.tree();
            let number = |path: &[&str]| match at(&tree, path).value() {
                Some(Value::Unsigned(number)) => *number,
                value => panic!("{path:?}: {value:?}"),
            };
            let header = record.header();
            assert_eq!(number(&["header", "totalLength"]), u64::from(header.total_length));
            assert_eq!(number(&["header", "xid"]), u64::from(header.xid.0));
            assert_eq!(at(&tree, &["header", "prev"]).value(), Some(&Value::Lsn(header.prev)));
            assert_eq!(number(&["header", "crc"]), u64::from(header.crc));
            for block in record.blocks() {
                let name = format!("block {}", block.id());
                assert_eq!(number(&[&name, "block"]), u64::from(block.number()));
                if let Some(relation) = at(&tree, &[&name]).child("relation") {
                    let number = |name| relation.child(name).unwrap().value();
                    let oid = u64::from(block.locator().relation.0);
                    assert_eq!(number("relation"), Some(&Value::Unsigned(oid)));
                }
                let bytes = |name: &str| &record.bytes()[at(&tree, &[name]).range.clone()];
                if let Some(data) = block.data() {
                    assert_eq!(bytes(&format!("data {}", block.id())), data);
                }
                if let Some(image) = block.image() {
                    assert_eq!(bytes(&format!("image {}", block.id())), image.bytes());
                }
            }
            if !record.main_data().is_empty() {
                let main = at(&tree, &["mainData"]);
                assert_eq!(&record.bytes()[main.range.clone()], record.main_data());
                assert_eq!(main, &record.main_fields());
            }
        });
    }
}
