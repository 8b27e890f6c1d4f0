//! Rows: records of tables made of the input, whose rows are taken apart by a layout that is made of it
//! too. A row that came whole is the old row of what comes next, and an update that leaves out what the
//! rows have in common gives the row that it was made of.

use core::hint::black_box;

use walscope_core::value::{Value, types};
use walscope_core::wal::rows::{
    Alignment, Attribute, Datum, Relation, RowChange, Rows, Source, Tuple, binary_form,
};
use walscope_core::wal::{BlockTable, Record, RecordPlace, RmgrId, SegmentSize, Version};
use walscope_core::{Lsn, Oid, TimelineId};

use super::input::Input;

/// What of a row is in `xl_heap_header`, and behind it without a bitmap.
const HEADER: usize = 5;
const HOFF: u8 = 24;
const UPDATE: u8 = 0x20;
const TYPES: [Oid; 24] = [
    types::BOOL,
    types::INT4,
    types::TEXT,
    types::NAME,
    types::NUMERIC,
    types::JSONB,
    types::INET,
    types::VARBIT,
    types::PATH,
    types::POLYGON,
    types::INT2VECTOR,
    types::OIDVECTOR,
    types::INTERVAL,
    types::TIMETZ,
    types::UUID,
    types::DATE,
    types::TIMESTAMPTZ,
    types::FLOAT8,
    types::BYTEA,
    Oid(1007),
    Oid(1009),
    Oid(1231),
    Oid(3807),
    Oid(99_999),
];

/// Checks records.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let options = input.byte();
    let version = Version::ALL[usize::from(options >> 1) % Version::ALL.len()];
    let relation = relation(&mut input);
    let mut rows = Rows::new(if options & 1 == 0 { 1 << 20 } else { 20_000 });
    while !input.is_empty() {
        if input.below(4) == 0 {
            exact(&mut rows, version, &mut input);
        } else {
            hostile(&mut rows, version, &relation, &mut input);
        }
    }
}

fn relation(input: &mut Input<'_>) -> Relation {
    let attributes = (0..1 + input.below(12)).map(|number| {
        let kind = input.byte();
        Attribute {
            name: format!("c{number}"),
            type_oid: TYPES[usize::from(kind) % TYPES.len()],
            length: [-1, -1, -1, -2, 1, 2, 4, 8, 16, 64][input.below(10)],
            align: [Alignment::Char, Alignment::Short, Alignment::Int, Alignment::Double]
                [input.below(4)],
            dropped: kind > 250,
            is_enum: false,
            missing: (kind > 200).then(|| "missing".to_owned()),
        }
    });
    let attributes = attributes.collect();
    Relation { schema: "s".into(), name: "t".into(), oid: Oid(1), kind: 'r', attributes }
}

/// Hands on what a record of Heap or Heap2 does; `false`: it is no record.
fn read(
    rows: &mut Rows,
    version: Version,
    (rmgr, info): (RmgrId, u8),
    main: &[u8],
    block: Block<'_>,
    mut each: impl FnMut(RowChange<'_>),
) -> bool {
    let bytes = record(rmgr, info, main, &block);
    let (lsn, end) = (Lsn(0x100_0028), Lsn(0x100_0028 + bytes.len() as u64));
    let (timeline, segment_size) = (TimelineId(1), SegmentSize::default());
    let place = RecordPlace { lsn, end, timeline, version, segment_size };
    let mut table = BlockTable::default();
    let Ok(record) = Record::decode(&bytes, place, &mut table) else { return false };
    black_box(record.tree());
    if let Err(error) = rows.read(&record, |change| each(change)) {
        black_box(error.to_string());
        return false;
    }
    true
}

/// A block reference of the table's page of that number.
struct Block<'a> {
    number: u8,
    data: &'a [u8],
    image: Option<&'a [u8]>,
}

fn record(rmgr: RmgrId, info: u8, main: &[u8], block: &Block<'_>) -> Vec<u8> {
    const HAS_IMAGE: u8 = 0x10;
    const HAS_DATA: u8 = 0x20;
    const PAGE: usize = 8192;
    let mut bytes = vec![0; 24];
    bytes[16..18].copy_from_slice(&[info, rmgr.0]);
    let has_data = if block.data.is_empty() { 0 } else { HAS_DATA };
    let has_image = if block.image.is_some() { HAS_IMAGE } else { 0 };
    bytes.extend([0, has_data | has_image]);
    bytes.extend((block.data.len() as u16).to_le_bytes());
    let mut page = vec![0; PAGE];
    if let Some(image) = block.image {
        let (head, tail) = image.split_at(image.len() / 2);
        page[..head.len()].copy_from_slice(head);
        page[PAGE - tail.len()..].copy_from_slice(tail);
        // What makes it a table's page: nothing at its end, a page's size and version.
        page[16..20].copy_from_slice(&[0x00, 0x20, 0x04, 0x20]);
        bytes.extend((PAGE as u16).to_le_bytes());
        bytes.extend([0, 0, 0]);
    }
    bytes.extend([
        1,
        0,
        0,
        0,
        2,
        0,
        0,
        0,
        3,
        0,
        0,
        0,
        block.number,
        0,
        0,
        0,
        255,
        main.len() as u8,
    ]);
    if block.image.is_some() {
        bytes.extend(page);
    }
    bytes.extend(block.data);
    bytes.extend(main);
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Whatever the input has.
fn hostile(rows: &mut Rows, version: Version, relation: &Relation, input: &mut Input<'_>) {
    let choice = input.byte();
    let rmgr = if choice & 1 == 0 { RmgrId::HEAP } else { RmgrId::HEAP2 };
    let (info, number) = (input.byte() & 0xF0, input.byte() % 3);
    let length = input.below(64);
    let main = input.bytes(length);
    let length = input.below(200);
    let data = input.bytes(length);
    let image = (choice & 2 != 0).then(|| {
        let length = input.below(200);
        input.bytes(length)
    });
    let block = Block { number, data, image };
    read(rows, version, (rmgr, info), main, block, |change| {
        for version in [change.new, change.old].into_iter().flatten() {
            assert_eq!(version.tuple.is_none(), version.source == Source::Nowhere);
            if let Some(tuple) = version.tuple {
                columns(&tuple, relation);
            }
        }
    });
}

/// Takes a row apart.
fn columns(tuple: &Tuple<'_>, relation: &Relation) {
    let columns = match tuple.columns_of(relation) {
        Ok(columns) => columns,
        Err(error) => {
            black_box(error.to_string());
            return;
        }
    };
    for column in columns {
        let Ok((attribute, datum)) = column else { return };
        assert!(datum != Datum::Unknown || !tuple.is_whole());
        let Ok(Some(bytes)) = datum.bytes() else { continue };
        let mut sent = Vec::new();
        if binary_form(attribute.type_oid, &bytes, &mut sent).is_some()
            && let Ok(value) = Value::from_binary(attribute.type_oid, &sent)
        {
            black_box(value.to_string());
        }
    }
}

/// A row as records have it, of one column.
fn logged(data: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 0, HOFF, 0][..], data].concat()
}

/// An insert, and an update of the row that leaves out what both have in common.
fn exact(rows: &mut Rows, version: Version, input: &mut Input<'_>) {
    let number = input.byte() % 3;
    let (old_length, new_length) = (input.below(100), input.below(100));
    let (old, new) = (input.bytes(old_length), input.bytes(new_length));
    let data = logged(old);
    let block = Block { number, data: &data, image: None };
    let mut seen = 0;
    assert!(read(rows, version, (RmgrId::HEAP, 0), &[1, 0, 0], block, |change| {
        let tuple = change.new.and_then(|new| new.tuple).expect("a row");
        assert_eq!(tuple.bytes(), &data[HEADER..]);
        seen += 1;
    }));
    let same = |(a, b): &(&u8, &u8)| a == b;
    let prefix = old.iter().zip(new).take_while(same).count();
    let room = old.len().min(new.len()) - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(room).take_while(same).count();
    let middle = logged(&new[prefix..new.len() - suffix]);
    let lengths = [(prefix as u16).to_le_bytes(), (suffix as u16).to_le_bytes()].concat();
    let data = [lengths, middle].concat();
    // The old row is number 1, the new one number 2; both lengths are there.
    let main = [0, 0, 0, 0, 1, 0, 0, 0x60, 0, 0, 0, 0, 2, 0];
    let block = Block { number, data: &data, image: None };
    assert!(read(rows, version, (RmgrId::HEAP, UPDATE), &main, block, |change| {
        let (found, before) = (change.new.expect("a row"), change.old.expect("a row"));
        assert_eq!(before.source, Source::Log);
        assert_eq!(before.tuple.expect("a row").bytes(), &logged(old)[HEADER..]);
        let tuple = found.tuple.expect("a row");
        assert!(tuple.is_whole());
        assert_eq!(tuple.bytes(), &logged(new)[HEADER..]);
        seen += 1;
    }));
    assert_eq!(seen, 2);
}
