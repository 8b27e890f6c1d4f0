//! A record as a line of JSON (`--format json`). Its members have the names that `pg_walinspect` has
//! for them.

use walscope_core::Xid;
use walscope_core::dump::{Facts, Node};
use walscope_core::wal::{Block, Fork, Image, Record, Zone};

use super::rows::{Names, RowReader};
use crate::json::Object;

/// Appends a record to `out`.
pub(super) fn record(
    record: &Record<'_>,
    zone: &dyn Zone,
    names: &Names,
    rows: Option<&RowReader>,
    out: &mut Vec<u8>,
) {
    let mut object = Object::begin(out);
    object.display_text("startLsn", record.lsn());
    object.display_text("endLsn", record.end());
    object.display_text("prevLsn", record.header().prev);
    object.display("timeline", record.place().timeline);
    object.display("xid", record.xid());
    if record.toplevel_xid() != Xid(0) {
        object.display("toplevelXid", record.toplevel_xid());
    }
    if record.origin() != 0 {
        object.display("origin", record.origin());
    }
    object.display_text("resourceManager", record.rmgr());
    match record.identify() {
        Some(name) => object.text("recordType", name),
        None => object.display_text("recordType", format_args!("UNKNOWN ({:x})", record.info())),
    }
    object.display("recordLength", record.header().total_length);
    object.display("mainDataLength", record.main_data().len());
    object.display("fpiLength", record.image_length());
    let mut description = Vec::new();
    record.describe(&mut description, zone);
    object.bytes("description", &description);
    fields(&record.main_fields(), object.member("data"));
    object.array("blocks", record.blocks(), |out, reference| {
        block(record, &reference, names, out);
    });
    if let Some(rows) = rows.map(RowReader::found).filter(|rows| !rows.is_empty()) {
        object.array("rows", rows.iter(), |out, row| out.extend_from_slice(row));
    }
    object.end();
    out.push(b'\n');
}

/// The values of fields.
fn fields(node: &Node<'_>, out: &mut Vec<u8>) {
    // Memory takes all that is written to it, and fields' values are JSON's.
    let _ = serde_json::to_writer(out, &Facts(node));
}

fn block(record: &Record<'_>, block: &Block<'_>, names: &Names, out: &mut Vec<u8>) {
    let locator = block.locator();
    let mut object = Object::begin(out);
    object.display("id", block.id());
    object.display("tablespace", locator.tablespace);
    object.display("database", locator.database);
    object.display("relation", locator.relation);
    if let Some((schema, name)) = names.of(block) {
        object.text("schema", schema);
        object.text("name", name);
    }
    fork(block.fork(), &mut object);
    object.display("block", block.number());
    object.bool("willInit", block.will_init());
    object.display("dataLength", block.data().map_or(0, <[u8]>::len));
    if let Some(node) = record.block_fields(block.id()) {
        fields(&node, object.member("data"));
    }
    if let Some(image) = block.image() {
        self::image(&image, object.member("image"));
    }
    object.end();
}

/// The name of a fork, or its number if it has none.
fn fork(fork: Fork, object: &mut Object<'_>) {
    match fork.name() {
        Some(name) => object.text("fork", name),
        None => object.display("fork", fork.0),
    }
}

fn image(image: &Image<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.display("length", image.bytes().len());
    object.display("holeOffset", image.hole_offset());
    object.display("holeLength", image.hole_length());
    if let Some(method) = image.compression() {
        object.text("compression", method.name());
    }
    object.bool("apply", image.apply());
    object.end();
}
