//! Values from the text that PostgreSQL's output functions write.

use core::str::FromStr;

use super::{
    BitString, Box, Bytea, Circle, Date, Inet, Interval, Line, Lseg, MacAddr, MacAddr8, Money,
    Numeric, Path, Point, Polygon, Snapshot, Tid, Time, TimeTz, TsQuery, TsVector, Value, Vector,
    date_time, float, invalid, number, types, uuid,
};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{Lsn, Oid, Xid};

impl<'a> Value<'a> {
    /// The value of a type that is made of no others; [`Value::Other`] for all other types.
    pub(super) fn scalar_from_text(type_oid: Oid, text: &'a [u8]) -> Result<Self> {
        if type_oid == types::CHAR {
            return char_byte(text).map(Self::Char);
        }
        let text = str::from_utf8(text)
            .map_err(|error| Error::new(ErrorKind::Utf8, error.valid_up_to() as u64, "value"))?;
        match type_oid {
            types::BOOL => match text {
                "t" => Ok(Self::Bool(true)),
                "f" => Ok(Self::Bool(false)),
                _ => Err(invalid("bool")),
            },
            types::INT2 => parse(text, "int2").map(Self::Int2),
            types::INT4 => parse(text, "int4").map(Self::Int4),
            types::INT8 => parse(text, "int8").map(Self::Int8),
            types::OID => parse(text, "oid").map(|oid| Self::Oid(Oid(oid))),
            types::FLOAT4 => float::from_text(text, "float4").map(Self::Float4),
            types::FLOAT8 => float::from_text(text, "float8").map(Self::Float8),
            types::TEXT
            | types::VARCHAR
            | types::BPCHAR
            | types::NAME
            | types::REFCURSOR
            | types::XML
            | types::CSTRING
            | types::UNKNOWN
            | types::PG_NODE_TREE => Ok(Self::Text(text)),
            types::JSON | types::JSONB => Ok(Self::Json(text)),
            types::JSONPATH => Ok(Self::JsonPath(text)),
            types::BYTEA => Bytea::from_text(text).map(Self::Bytea),
            types::NUMERIC => Numeric::from_text(text).map(Self::Numeric),
            types::UUID => uuid::from_text(text).map(Self::Uuid),
            types::DATE => Date::from_text(text).map(Self::Date),
            types::TIME => Time::from_text(text).map(Self::Time),
            types::TIMETZ => TimeTz::from_text(text).map(Self::TimeTz),
            types::TIMESTAMP => date_time::timestamp_from_text(text).map(Self::Timestamp),
            types::TIMESTAMPTZ => date_time::timestamptz_from_text(text).map(Self::TimestampTz),
            types::INTERVAL => Interval::from_text(text).map(Self::Interval),
            _ => Self::scalar_from_text_of_rarer(type_oid, text),
        }
    }

    fn scalar_from_text_of_rarer(type_oid: Oid, text: &'a str) -> Result<Self> {
        match type_oid {
            types::MONEY => Money::from_text(text).map(Self::Money),
            types::XID => parse(text, "xid").map(|xid| Self::Xid(Xid(xid))),
            types::XID8 => parse(text, "xid8").map(Self::Xid8),
            types::CID => parse(text, "cid").map(Self::Cid),
            types::TID => Tid::from_text(text).map(Self::Tid),
            types::BIT => BitString::from_text(text, "bit").map(Self::Bit),
            types::VARBIT => BitString::from_text(text, "varbit").map(Self::Bit),
            types::INET => Inet::from_text(text, false).map(Self::Inet),
            types::CIDR => Inet::from_text(text, true).map(Self::Inet),
            types::MACADDR => MacAddr::from_text(text).map(Self::MacAddr),
            types::MACADDR8 => MacAddr8::from_text(text).map(Self::MacAddr8),
            types::PG_LSN => text.parse::<Lsn>().map(Self::PgLsn).map_err(|_| invalid("pg_lsn")),
            types::POINT => Point::from_text(text).map(Self::Point),
            types::LINE => Line::from_text(text).map(Self::Line),
            types::LSEG => Lseg::from_text(text).map(Self::Lseg),
            types::BOX => Box::from_text(text).map(Self::Box),
            types::PATH => Path::from_text(text).map(Self::Path),
            types::POLYGON => Polygon::from_text(text).map(Self::Polygon),
            types::CIRCLE => Circle::from_text(text).map(Self::Circle),
            types::TSVECTOR => Ok(Self::TsVector(TsVector::from_text(text))),
            types::TSQUERY => Ok(Self::TsQuery(TsQuery::from_text(text))),
            types::PG_SNAPSHOT => Snapshot::from_text(text, "pg_snapshot").map(Self::Snapshot),
            types::TXID_SNAPSHOT => Snapshot::from_text(text, "txid_snapshot").map(Self::Snapshot),
            types::INT2VECTOR => Vector::from_text(types::INT2, text).map(Self::Vector),
            types::OIDVECTOR => Vector::from_text(types::OID, text).map(Self::Vector),
            _ => Ok(Self::Other(text)),
        }
    }
}

fn parse<T: FromStr>(text: &str, context: &'static str) -> Result<T> {
    number::parse(text).ok_or_else(|| invalid(context))
}

/// The byte of a `"char"`: nothing for 0, `\` and three octal digits for one of the upper half.
/// Before PostgreSQL 16 these came as they are, whatever the encoding (`charout` in `char.c`).
fn char_byte(text: &[u8]) -> Result<u8> {
    let octal = |digit: u8| match digit {
        b'0'..=b'7' => Ok(digit & 7),
        _ => Err(invalid("char")),
    };
    match *text {
        [] => Ok(0),
        [byte] => Ok(byte),
        [b'\\', high @ b'2'..=b'3', middle, low] => {
            Ok((high & 7) << 6 | octal(middle)? << 3 | octal(low)?)
        }
        _ => Err(invalid("char")),
    }
}
