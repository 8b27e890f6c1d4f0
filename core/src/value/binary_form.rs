//! Values from the bytes that PostgreSQL's send functions write.

use super::{
    BitString, Box, Bytea, Circle, Date, Inet, Interval, Line, Lseg, MacAddr, MacAddr8, Money,
    Numeric, Path, Point, Polygon, Snapshot, Tid, Time, TimeTz, TsQuery, TsVector, Value, Vector,
    types,
};
use crate::error::{Error, ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Oid;

/// The version of the binary form of `jsonb` (`jsonb_send`) and `jsonpath` (`jsonpath_send`), which
/// is this byte and then the text.
const JSON_VERSION: u8 = 1;

impl<'a> Value<'a> {
    /// The value of a type that is made of no others; [`Value::Bytes`] for all other types.
    pub(super) fn scalar_from_binary(type_oid: Oid, bytes: &'a [u8]) -> Result<Self> {
        match type_oid {
            types::BOOL => fixed(bytes, "bool", Reader::u8).map(|byte| Self::Bool(byte != 0)),
            types::INT2 => fixed(bytes, "int2", Reader::i16).map(Self::Int2),
            types::INT4 => fixed(bytes, "int4", Reader::i32).map(Self::Int4),
            types::INT8 => fixed(bytes, "int8", Reader::i64).map(Self::Int8),
            types::OID => fixed(bytes, "oid", Reader::oid).map(Self::Oid),
            types::FLOAT4 => {
                fixed(bytes, "float4", Reader::u32).map(|bits| Self::Float4(f32::from_bits(bits)))
            }
            types::FLOAT8 => fixed(bytes, "float8", Reader::f64).map(Self::Float8),
            types::TEXT
            | types::VARCHAR
            | types::BPCHAR
            | types::NAME
            | types::REFCURSOR
            | types::CSTRING
            | types::UNKNOWN
            | types::PG_NODE_TREE => text(bytes, "text").map(Self::Text),
            types::XML => text(bytes, "xml").map(Self::Text),
            types::JSON => text(bytes, "json").map(Self::Json),
            types::JSONB => versioned_text(bytes, "jsonb").map(Self::Json),
            types::JSONPATH => versioned_text(bytes, "jsonpath").map(Self::JsonPath),
            types::BYTEA => Ok(Self::Bytea(Bytea::from_binary(bytes))),
            types::NUMERIC => Numeric::from_binary(bytes).map(Self::Numeric),
            types::UUID => fixed(bytes, "uuid", Reader::array).map(Self::Uuid),
            types::DATE => Date::from_binary(bytes).map(Self::Date),
            types::TIME => Time::from_binary(bytes).map(Self::Time),
            types::TIMETZ => TimeTz::from_binary(bytes).map(Self::TimeTz),
            types::TIMESTAMP => fixed(bytes, "timestamp", Reader::timestamp).map(Self::Timestamp),
            types::TIMESTAMPTZ => {
                fixed(bytes, "timestamptz", Reader::timestamp).map(Self::TimestampTz)
            }
            types::INTERVAL => Interval::from_binary(bytes).map(Self::Interval),
            _ => Self::scalar_from_binary_of_rarer(type_oid, bytes),
        }
    }

    fn scalar_from_binary_of_rarer(type_oid: Oid, bytes: &'a [u8]) -> Result<Self> {
        match type_oid {
            types::MONEY => {
                fixed(bytes, "money", Reader::i64).map(|cents| Self::Money(Money(cents)))
            }
            types::CHAR => fixed(bytes, "char", Reader::u8).map(Self::Char),
            types::XID => fixed(bytes, "xid", Reader::xid).map(Self::Xid),
            types::XID8 => fixed(bytes, "xid8", Reader::u64).map(Self::Xid8),
            types::CID => fixed(bytes, "cid", Reader::u32).map(Self::Cid),
            types::TID => Tid::from_binary(bytes).map(Self::Tid),
            types::BIT => BitString::from_binary(bytes, "bit").map(Self::Bit),
            types::VARBIT => BitString::from_binary(bytes, "varbit").map(Self::Bit),
            types::INET => Inet::from_binary(bytes, false).map(Self::Inet),
            types::CIDR => Inet::from_binary(bytes, true).map(Self::Inet),
            types::MACADDR => {
                fixed(bytes, "macaddr", Reader::array).map(|mac| Self::MacAddr(MacAddr(mac)))
            }
            types::MACADDR8 => {
                fixed(bytes, "macaddr8", Reader::array).map(|mac| Self::MacAddr8(MacAddr8(mac)))
            }
            types::PG_LSN => fixed(bytes, "pg_lsn", Reader::lsn).map(Self::PgLsn),
            types::POINT => fixed(bytes, "point", Point::read).map(Self::Point),
            types::LINE => fixed(bytes, "line", Line::read).map(Self::Line),
            types::LSEG => fixed(bytes, "lseg", Lseg::read).map(Self::Lseg),
            types::BOX => fixed(bytes, "box", Box::read).map(Self::Box),
            types::PATH => fixed(bytes, "path", Path::read).map(Self::Path),
            types::POLYGON => fixed(bytes, "polygon", Polygon::read).map(Self::Polygon),
            types::CIRCLE => fixed(bytes, "circle", Circle::read).map(Self::Circle),
            types::TSVECTOR => TsVector::from_binary(bytes).map(Self::TsVector),
            types::TSQUERY => {
                Ok(TsQuery::from_binary(bytes)?.map_or(Self::Bytes(bytes), Self::TsQuery))
            }
            types::PG_SNAPSHOT => fixed(bytes, "pg_snapshot", Snapshot::read).map(Self::Snapshot),
            types::TXID_SNAPSHOT => {
                fixed(bytes, "txid_snapshot", Snapshot::read).map(Self::Snapshot)
            }
            types::INT2VECTOR => Vector::from_binary(types::INT2, bytes).map(Self::Vector),
            types::OIDVECTOR => Vector::from_binary(types::OID, bytes).map(Self::Vector),
            types::REGPROC
            | types::REGPROCEDURE
            | types::REGOPER
            | types::REGOPERATOR
            | types::REGCLASS
            | types::REGTYPE
            | types::REGCONFIG
            | types::REGDICTIONARY
            | types::REGNAMESPACE
            | types::REGROLE
            | types::REGCOLLATION => fixed(bytes, "oid", Reader::oid).map(Self::Reg),
            _ => Ok(Self::Bytes(bytes)),
        }
    }
}

/// What `read` reads, if that is all of `bytes`.
#[inline]
pub(super) fn fixed<'a, T>(
    bytes: &'a [u8],
    context: &'static str,
    read: impl FnOnce(&mut Reader<'a>, &'static str) -> Result<T>,
) -> Result<T> {
    let mut reader = Reader::new(bytes, 0);
    let value = read(&mut reader, context)?;
    reader.finish(context)?;
    Ok(value)
}

fn text<'a>(bytes: &'a [u8], context: &'static str) -> Result<&'a str> {
    text_at(bytes, 0, context)
}

/// Text that begins `base` bytes into the value.
pub(super) fn text_at<'a>(bytes: &'a [u8], base: u64, context: &'static str) -> Result<&'a str> {
    str::from_utf8(bytes).map_err(|error| {
        let offset = base.saturating_add(error.valid_up_to() as u64);
        Error::new(ErrorKind::Utf8, offset, context)
    })
}

fn versioned_text<'a>(bytes: &'a [u8], context: &'static str) -> Result<&'a str> {
    let mut reader = Reader::new(bytes, 0);
    let version = reader.u8(context)?;
    if version != JSON_VERSION {
        return Err(Error::new(ErrorKind::InvalidValue(version), 0, context));
    }
    text_at(reader.rest(), reader.offset(), context)
}
