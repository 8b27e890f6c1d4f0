//! Rows that records insert, update and delete, as JSON (`--rows`), and names of relations
//! (`--catalog`).

use std::io::Write;

use walscope_core::value::Value;
use walscope_core::wal::rows::{
    Attribute, Catalog, Datum, Relation, RowChange, RowError, RowKind, RowVersion, Rows, Source,
    ToastPointer, Tuple, Varlena, binary_form,
};
use walscope_core::wal::{Block, Record};
use walscope_core::{Oid, RelFileLocator};

use crate::json::{Object, Values, write_hex, write_string};

/// What relations are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    catalog: Catalog,
}

impl Names {
    pub(super) const fn new(catalog: Catalog) -> Self {
        Self { catalog }
    }

    /// Whether nothing has a name.
    pub(super) fn is_empty(&self) -> bool {
        self.catalog.relations().len() == 0
    }

    /// The database system whose log this is for.
    pub(super) const fn system_identifier(&self) -> Option<u64> {
        self.catalog.system_identifier
    }

    fn relation(&self, files: RelFileLocator) -> Option<&Relation> {
        self.catalog.relation(files)
    }

    /// Schema and name of the relation that a block is of.
    pub(super) fn of(&self, block: &Block<'_>) -> Option<(&str, &str)> {
        let relation = self.relation(block.locator())?;
        Some((&relation.schema, &relation.name))
    }

    /// The same as SQL has it.
    pub(super) fn text(&self, block: &Block<'_>) -> Option<String> {
        let (schema, name) = self.of(block)?;
        Some(format!("{}.{}", quoted(schema), quoted(name)))
    }
}

/// An identifier, in quotation marks if it needs them; key words are not looked for.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'_' | b'0'..=b'9');
    if name.bytes().all(is_plain) && !name.starts_with(|first: char| first.is_ascii_digit()) {
        name.to_owned()
    } else {
        crate::quote_ident(name)
    }
}

/// Reads the rows of records, of all in their order.
#[derive(Debug, Default)]
pub(super) struct RowReader {
    rows: Rows,
    values: Values,
    /// What came last: an object of JSON for each row.
    found: Vec<Vec<u8>>,
}

impl RowReader {
    /// Reads the rows of a record. They are written down only if the record is printed.
    pub(super) fn read(&mut self, record: &Record<'_>, is_printed: bool, names: &Names) {
        let Self { rows, values, found } = self;
        found.clear();
        let read = rows.read(record, |change| {
            if is_printed {
                let mut out = Vec::new();
                Writer { names, values }.change(&change, &mut out);
                found.push(out);
            }
        });
        if let Err(error) = read
            && is_printed
        {
            let mut out = Vec::new();
            let mut object = Object::begin(&mut out);
            object.display_text("error", error);
            object.end();
            found.push(out);
        }
    }

    /// The rows of the record that was read last.
    pub(super) fn found(&self) -> &[Vec<u8>] {
        &self.found
    }

    /// Appends a line for each of them.
    pub(super) fn write_lines(&self, out: &mut Vec<u8>) {
        for row in &self.found {
            out.extend_from_slice(b"\trow: ");
            out.extend_from_slice(row);
            out.push(b'\n');
        }
    }
}

struct Writer<'w> {
    names: &'w Names,
    values: &'w Values,
}

impl Writer<'_> {
    fn change(&self, change: &RowChange<'_>, out: &mut Vec<u8>) {
        let relation = self.names.relation(change.relation);
        let mut object = Object::begin(out);
        object.text(
            "kind",
            match change.kind {
                RowKind::Insert => "insert",
                RowKind::Update => "update",
                RowKind::Delete => "delete",
            },
        );
        if let Some(relation) = relation {
            object.text("schema", &relation.schema);
            object.text("table", &relation.name);
        }
        if let Some(new) = &change.new {
            self.version(new, relation, &NEW, &mut object);
        }
        if let Some(old) = &change.old {
            let names = if old.source == Source::Key { &KEY } else { &OLD };
            self.version(old, relation, names, &mut object);
        }
        object.end();
    }

    fn version(
        &self,
        version: &RowVersion<'_>,
        relation: Option<&Relation>,
        names: &Members,
        object: &mut Object<'_>,
    ) {
        object.display_text(names.place, format_args!("({},{})", version.block, version.offset));
        object.text(names.source, source(version.source));
        let Some(tuple) = &version.tuple else { return };
        // Rows of what is no table are not known by columns.
        let Some(relation) = relation.filter(|relation| !relation.attributes.is_empty()) else {
            raw(tuple, object.member(names.tuple));
            return;
        };
        let start = object.member(names.row).len();
        let mut unknown = Vec::new();
        let is_key = version.source == Source::Key;
        let out = object.out();
        if let Err(error) = self.columns(tuple, relation, is_key, out, &mut unknown) {
            out.truncate(start);
            out.extend_from_slice(b"null");
            raw(tuple, object.member(names.tuple));
            object.display_text(names.error, error);
        } else if !unknown.is_empty() {
            object.array(names.unknown, unknown.iter(), |out, name| write_string(out, name));
        }
    }

    /// A row as an object. What the log does not have of it is left out, and its names are noted.
    fn columns<'r>(
        &self,
        tuple: &'r Tuple<'r>,
        relation: &'r Relation,
        is_key: bool,
        out: &mut Vec<u8>,
        unknown: &mut Vec<&'r str>,
    ) -> Result<(), RowError> {
        let mut object = Object::begin(out);
        for column in tuple.columns_of(relation)? {
            let (attribute, datum) = column?;
            match datum {
                Datum::Unknown => unknown.push(&attribute.name),
                // What is NULL in a key was not sent.
                Datum::Null | Datum::Missing(_) if is_key => {}
                _ => self.value(attribute, &datum, object.member(&attribute.name))?,
            }
        }
        object.end();
        Ok(())
    }

    fn value(
        &self,
        attribute: &Attribute,
        datum: &Datum<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), RowError> {
        match datum {
            Datum::Missing(Some(text)) => {
                self.values.write_text(out, attribute.type_oid, text.as_bytes());
                return Ok(());
            }
            Datum::Varlena(Varlena::Toast(pointer)) => {
                toast(pointer, out);
                return Ok(());
            }
            _ => {}
        }
        let Some(bytes) = datum.bytes()? else {
            out.extend_from_slice(b"null");
            return Ok(());
        };
        if attribute.is_enum
            && let Ok(number) = <[u8; 4]>::try_from(&*bytes)
            && let Some(label) = self.names.catalog.label(Oid(u32::from_le_bytes(number)))
        {
            write_string(out, label);
            return Ok(());
        }
        let mut sent = Vec::new();
        let is_known = binary_form(attribute.type_oid, &bytes, &mut sent).is_some();
        match Value::from_binary(attribute.type_oid, &sent) {
            Ok(value) if is_known => self.values.write_value(out, &value),
            _ => write_hex(out, &bytes),
        }
        Ok(())
    }
}

/// What the members of a row are called.
struct Members {
    place: &'static str,
    source: &'static str,
    row: &'static str,
    tuple: &'static str,
    unknown: &'static str,
    error: &'static str,
}

const NEW: Members = Members {
    place: "ctid",
    source: "newSource",
    row: "new",
    tuple: "newTuple",
    unknown: "newUnknown",
    error: "newError",
};

const OLD: Members = Members {
    place: "oldCtid",
    source: "oldSource",
    row: "old",
    tuple: "oldTuple",
    unknown: "oldUnknown",
    error: "oldError",
};

const KEY: Members = Members { row: "key", tuple: "keyTuple", ..OLD };

const fn source(source: Source) -> &'static str {
    match source {
        Source::Record => "record",
        Source::Key => "key",
        Source::Image => "image",
        Source::Log => "log",
        Source::Nowhere => "nowhere",
    }
}

/// A row whose columns are not known.
fn raw(tuple: &Tuple<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.display("columns", tuple.columns());
    object.display("infomask2", tuple.infomask2);
    object.display("infomask", tuple.infomask);
    object.display("hoff", tuple.hoff);
    if !tuple.is_whole() {
        object.bool("isWhole", false);
    }
    let out = object.member("bytes");
    out.push(b'"');
    for byte in tuple.bytes() {
        // Memory takes all that is written to it.
        let _ = write!(out, "{byte:02x}");
    }
    out.push(b'"');
    object.end();
}

/// Where a value is that is not in its row.
fn toast(pointer: &ToastPointer, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    let mut inner = Object::begin(object.member("$toast"));
    inner.display("relation", pointer.relation);
    inner.display("value", pointer.value);
    inner.display("rawSize", pointer.raw_size);
    inner.display("size", pointer.size);
    inner.end();
    object.end();
}
