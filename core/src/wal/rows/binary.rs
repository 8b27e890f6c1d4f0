//! From the form that values have on disk to the one that PostgreSQL sends, which
//! [`Value::from_binary`](crate::value::Value::from_binary) reads.
//!
//! On disk numbers are little-endian here, and structures have what fills them up; what is sent is
//! big-endian and tight.

use alloc::vec::Vec;

use super::{array, jsonb, numeric};
use crate::types::Oid;
use crate::value::types;
use crate::wal::cursor::Cursor;

/// Turns a value of a built-in type into what PostgreSQL sends of it, at the end of `out`. `None`: the
/// type is not known here, or the bytes are no value of it.
pub fn binary_form(type_oid: Oid, bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if let Some(widths) = widths(type_oid) {
        return numbers(widths, bytes, out);
    }
    match type_oid {
        types::BYTEA
        | types::TEXT
        | types::VARCHAR
        | types::BPCHAR
        | types::JSON
        | types::XML
        | types::REFCURSOR
        | types::CSTRING
        | types::UNKNOWN
        | types::PG_NODE_TREE => out.extend_from_slice(bytes),
        types::NAME => {
            let end = bytes.iter().position(|byte| *byte == 0)?;
            out.extend_from_slice(bytes.get(..end)?);
        }
        types::NUMERIC => numeric::binary_form(bytes, out)?,
        types::JSONB => jsonb::binary_form(bytes, out)?,
        types::INET | types::CIDR => inet(bytes, type_oid == types::CIDR, out)?,
        types::BIT | types::VARBIT => {
            let mut fields = Cursor::new(bytes);
            out.extend(fields.u32()?.to_be_bytes());
            out.extend_from_slice(fields.rest());
        }
        types::PATH => {
            const COORDINATES: usize = 12;
            let mut fields = Cursor::new(bytes);
            let (count, closed) = (fields.u32()?, fields.u32()?);
            out.push(u8::from(closed != 0));
            out.extend(count.to_be_bytes());
            eights(bytes.get(COORDINATES..)?, out)?;
        }
        types::POLYGON => {
            // A box around it comes before its points.
            const COORDINATES: usize = 36;
            out.extend(Cursor::new(bytes).u32()?.to_be_bytes());
            eights(bytes.get(COORDINATES..)?, out)?;
        }
        types::INT2VECTOR | types::OIDVECTOR => array::binary_form(bytes, out)?,
        other if types::array_element(other).is_some() => array::binary_form(bytes, out)?,
        _ => return None,
    }
    Some(())
}

/// The widths of the numbers that values of a type are made of, one behind the other.
const fn widths(type_oid: Oid) -> Option<&'static [usize]> {
    Some(match type_oid {
        types::BOOL | types::CHAR => &[1],
        types::INT2 => &[2],
        types::INT4
        | types::OID
        | types::XID
        | types::CID
        | types::FLOAT4
        | types::DATE
        | types::REGPROC
        | types::REGPROCEDURE
        | types::REGOPER
        | types::REGOPERATOR
        | types::REGCLASS
        | types::REGTYPE
        | types::REGCONFIG
        | types::REGDICTIONARY
        | types::REGNAMESPACE
        | types::REGROLE
        | types::REGCOLLATION => &[4],
        types::INT8
        | types::XID8
        | types::FLOAT8
        | types::MONEY
        | types::TIME
        | types::TIMESTAMP
        | types::TIMESTAMPTZ
        | types::PG_LSN => &[8],
        types::TIMETZ => &[8, 4],
        types::INTERVAL => &[8, 4, 4],
        types::TID => &[2, 2, 2],
        types::POINT => &[8, 8],
        types::LINE | types::CIRCLE => &[8, 8, 8],
        types::LSEG | types::BOX => &[8, 8, 8, 8],
        types::UUID => &[1; 16],
        types::MACADDR => &[1; 6],
        types::MACADDR8 => &[1; 8],
        _ => return None,
    })
}

/// How long a value of a type is on disk, and what its place is a multiple of; `None`: it has no fixed
/// length.
pub(super) fn fixed_size(type_oid: Oid) -> Option<(usize, usize)> {
    if type_oid == types::NAME {
        return Some((64, 1));
    }
    let widths = widths(type_oid)?;
    let align = match type_oid {
        types::MACADDR | types::MACADDR8 => 4,
        _ => widths.iter().copied().max().unwrap_or(1),
    };
    Some((widths.iter().sum(), align))
}

fn numbers(widths: &[usize], bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = bytes;
    for width in widths {
        let (number, behind) = rest.split_at_checked(*width)?;
        out.extend(number.iter().rev());
        rest = behind;
    }
    rest.is_empty().then_some(())
}

/// Numbers of eight bytes.
fn eights(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (eights, rest) = bytes.as_chunks::<8>();
    eights.iter().for_each(|number| out.extend(number.iter().rev()));
    rest.is_empty().then_some(())
}

/// `inet_struct`: family, bits, address. Sent with what type it is and how long the address is.
fn inet(bytes: &[u8], is_cidr: bool, out: &mut Vec<u8>) -> Option<()> {
    let (family, rest) = bytes.split_first()?;
    let (bits, address) = rest.split_first()?;
    let length = match family {
        2 => 4_u8,
        3 => 16,
        _ => return None,
    };
    out.extend([*family, *bits, u8::from(is_cidr), length]);
    out.extend_from_slice(address.get(..length.into())?);
    Some(())
}
