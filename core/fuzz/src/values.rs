//! Values of every type, from text and from binary. The input is a byte that chooses the form, two
//! that choose the type, and the value.

use core::fmt::{self, Write};

use walscope_core::Oid;
use walscope_core::value::{Field, TypeKind, TypeTable, UserType, Value, types};

use super::input::Input;
use super::memory::bounded;

const FORM_TEXT: u8 = 1;
/// OIDs of the user types.
const FIRST_USER_TYPE: u32 = 16384;

/// Checks a value.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let form = input.byte();
    let choice = u32::from(input.u16());
    let table = table();
    let oid = match choice % 8 {
        0 => Oid(FIRST_USER_TYPE + choice / 8 % 6),
        // OIDs of built-in types that are not far from each other.
        _ => Oid(choice / 8),
    };
    if form & FORM_TEXT != 0 { text(oid, input.0) } else { binary(&table, oid, input.0) }
}

fn text(oid: Oid, bytes: &[u8]) {
    bounded(bytes.len(), 0, 0, || {
        let Ok(value) = Value::from_text(oid, bytes) else { return };
        let mut length = Length(0);
        write!(length, "{value}").expect("counting cannot fail");
    });
    if let Ok(value) = Value::from_text(oid, bytes) {
        // What was read and written is read and written the same.
        let written = value.to_string();
        let again = Value::from_text(oid, written.as_bytes());
        let again = again.unwrap_or_else(|error| panic!("{oid}: {written:?}: {error}"));
        assert_eq!(again.to_string(), written, "{oid}");
    }
}

fn binary(table: &TypeTable, oid: Oid, bytes: &[u8]) {
    let Ok(value) = table.value_from_binary(oid, bytes) else { return };
    let mut length = Length(0);
    bounded(bytes.len(), 0, 0, || write!(length, "{value}")).expect("counting cannot fail");
    // Dates and numbers have text of some length, whatever their bytes; quotes double by level.
    assert!(length.0 <= 200_000 + bytes.len() * 4096, "{oid}: {} bytes of text", length.0);
    if matches!(value, Value::Bytes(_) | Value::Reg(_)) || length.0 > 1 << 20 {
        return;
    }
    let written = value.to_string();
    if let Ok(read) = table.value_from_text(oid, written.as_bytes()) {
        assert_eq!(read.to_string(), written, "{oid}");
    }
}

/// A type of each kind.
fn table() -> TypeTable {
    let field = |name: &str, type_oid| Field { name: name.into(), type_oid };
    let composite = vec![field("a", types::INT4), field("b", types::TEXT)];
    let kinds = [
        (TypeKind::Enum, Vec::new()),
        (TypeKind::Domain { base: types::INT4 }, Vec::new()),
        (TypeKind::Composite, composite),
        (TypeKind::Array { element: Oid(FIRST_USER_TYPE + 2), delimiter: ',' }, Vec::new()),
        (TypeKind::Range { subtype: types::FLOAT8 }, Vec::new()),
        (TypeKind::Hstore, Vec::new()),
    ];
    let user_type = |(oid, (kind, fields))| UserType {
        oid: Oid(oid),
        schema: "s".into(),
        name: "t".into(),
        kind,
        fields,
    };
    (FIRST_USER_TYPE..).zip(kinds).map(user_type).collect()
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
