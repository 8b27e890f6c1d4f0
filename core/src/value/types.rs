//! OIDs of built-in types (`src/include/catalog/pg_type.dat`).

use crate::types::Oid;

/// `bool`
pub const BOOL: Oid = Oid(16);
/// `bytea`
pub const BYTEA: Oid = Oid(17);
/// `"char"`
pub const CHAR: Oid = Oid(18);
/// `name`
pub const NAME: Oid = Oid(19);
/// `bigint`
pub const INT8: Oid = Oid(20);
/// `smallint`
pub const INT2: Oid = Oid(21);
/// `integer`
pub const INT4: Oid = Oid(23);
/// `text`
pub const TEXT: Oid = Oid(25);
/// `oid`
pub const OID: Oid = Oid(26);
/// `json`
pub const JSON: Oid = Oid(114);
/// `real`
pub const FLOAT4: Oid = Oid(700);
/// `double precision`
pub const FLOAT8: Oid = Oid(701);
/// `char(n)`
pub const BPCHAR: Oid = Oid(1042);
/// `varchar`
pub const VARCHAR: Oid = Oid(1043);
/// `jsonb`
pub const JSONB: Oid = Oid(3802);

/// The element type of a built-in array type whose elements have a decoder.
pub const fn array_element(array: Oid) -> Option<Oid> {
    Some(match array.0 {
        199 => JSON,
        1000 => BOOL,
        1001 => BYTEA,
        1002 => CHAR,
        1003 => NAME,
        1005 => INT2,
        1007 => INT4,
        1009 => TEXT,
        1014 => BPCHAR,
        1015 => VARCHAR,
        1016 => INT8,
        1021 => FLOAT4,
        1022 => FLOAT8,
        1028 => OID,
        3807 => JSONB,
        _ => return None,
    })
}
