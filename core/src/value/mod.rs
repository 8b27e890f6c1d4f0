//! Values of PostgreSQL's types, from the text that its output functions write or from the bytes
//! that its send functions write.
//!
//! Nothing is decoded before it is asked for, and nothing is allocated. Both forms give the same
//! value, and [`Display`](core::fmt::Display) writes PostgreSQL's text of it, to the letter, under
//! the settings that a session of walscope pins: `DateStyle=ISO,MDY`, `IntervalStyle=postgres`,
//! `TimeZone=UTC`, `extra_float_digits=3`, `bytea_output=hex`, `lc_monetary=C`.
//!
//! ```
//! use walscope_core::value::{Value, types};
//!
//! let text = Value::from_text(types::NUMERIC, b"-1234.50")?;
//! // Two words of four digits: weight 0, negative, two digits behind the point.
//! let binary = [0, 2, 0, 0, 0x40, 0, 0, 2, 0x04, 0xD2, 0x13, 0x88];
//! let binary = Value::from_binary(types::NUMERIC, &binary)?;
//! assert_eq!(text, binary);
//! assert_eq!(binary.to_string(), "-1234.50");
//! # Ok::<(), walscope_core::Error>(())
//! ```

mod array;
mod ascii;
mod binary_form;
mod bit;
mod bytea;
mod clock;
mod composite;
mod container;
mod date_time;
mod display;
mod float;
mod forms;
mod geometry;
mod hstore;
mod interval;
mod money;
mod network;
mod number;
mod numeric;
mod part;
mod quote;
mod range;
#[cfg(test)]
mod samples;
mod system;
#[cfg(test)]
mod tests;
mod text_form;
mod text_query;
mod text_vector;
mod type_table;
pub mod types;
mod uuid;

pub use array::{Array, ArrayEvent, ArrayEvents};
pub use bit::BitString;
pub use bytea::Bytea;
pub use composite::{Composite, CompositeField};
pub use date_time::{Date, Time, TimeTz};
pub use geometry::{Box, Circle, Line, Lseg, Path, Point, Points, Polygon};
pub use hstore::{Hstore, Pairs};
pub use interval::Interval;
pub use money::Money;
pub use network::{Inet, MacAddr, MacAddr8};
pub use numeric::{Numeric, NumericKind};
pub use part::{Escaped, Part};
pub use range::{Bound, Multirange, Range, Ranges};
pub use system::{Snapshot, Tid, Vector};
pub use text_query::TsQuery;
pub use text_vector::TsVector;
#[cfg(feature = "alloc")]
pub use type_table::{Field, UserType};
pub use type_table::{TypeKind, TypeTable};

use crate::error::{Error, ErrorKind};
use crate::types::{Lsn, Oid, Timestamp, Xid};

/// A value, borrowed from its text or its binary form.
///
/// Comparing two compares what they hold; floating-point numbers compare as in Rust, so a value
/// with NaN in it equals nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `bool`
    Bool(bool),
    /// `smallint`
    Int2(i16),
    /// `integer`
    Int4(i32),
    /// `bigint`
    Int8(i64),
    /// `oid`
    Oid(Oid),
    /// `xid`
    Xid(Xid),
    /// `xid8`: a transaction id with its epoch
    Xid8(u64),
    /// `cid`: the number of a command in its transaction
    Cid(u32),
    /// `tid`: where a row lies in its table
    Tid(Tid),
    /// `real`
    Float4(f32),
    /// `double precision`
    Float8(f64),
    /// `numeric`
    Numeric(Numeric<'a>),
    /// `money`
    Money(Money),
    /// `"char"`: one byte, 0 where it is empty
    Char(u8),
    /// `text`, `varchar`, `char(n)`, `name`, `refcursor`, `xml`
    Text(&'a str),
    /// `json` and `jsonb`: the document as PostgreSQL wrote it
    Json(&'a str),
    /// `jsonpath`
    JsonPath(&'a str),
    /// `bytea`
    Bytea(Bytea<'a>),
    /// `uuid`
    Uuid([u8; 16]),
    /// `date`
    Date(Date),
    /// `time`
    Time(Time),
    /// `time with time zone`
    TimeTz(TimeTz),
    /// `timestamp`: in no time zone, counted as if it were UTC
    Timestamp(Timestamp),
    /// `timestamp with time zone`
    TimestampTz(Timestamp),
    /// `interval`
    Interval(Interval),
    /// `bit(n)` and `bit varying`
    Bit(BitString<'a>),
    /// `inet` and `cidr`
    Inet(Inet),
    /// `macaddr`
    MacAddr(MacAddr),
    /// `macaddr8`
    MacAddr8(MacAddr8),
    /// `pg_lsn`
    PgLsn(Lsn),
    /// `point`
    Point(Point),
    /// `line`
    Line(Line),
    /// `lseg`
    Lseg(Lseg),
    /// `box`
    Box(Box),
    /// `path`
    Path(Path<'a>),
    /// `polygon`
    Polygon(Polygon<'a>),
    /// `circle`
    Circle(Circle),
    /// `tsvector`
    TsVector(TsVector<'a>),
    /// `tsquery`
    TsQuery(TsQuery<'a>),
    /// `pg_snapshot` and `txid_snapshot`
    Snapshot(Snapshot<'a>),
    /// `int2vector` and `oidvector`
    Vector(Vector<'a>),
    /// `regclass`, `regtype` and the like from their binary form, which is the object's OID; their
    /// text is its name and stays [`Value::Other`]
    Reg(Oid),
    /// An array
    Array(Array<'a>),
    /// A range
    Range(Range<'a>),
    /// A multirange
    Multirange(Multirange<'a>),
    /// A value of a composite type, which a [`TypeTable`] has
    Composite(Composite<'a>),
    /// `hstore` of the extension, which a [`TypeTable`] has
    Hstore(Hstore<'a>),
    /// Text of any other type, as PostgreSQL wrote it
    Other(&'a str),
    /// The binary form of any other type, undecoded; displayed as `bytea` is
    Bytes(&'a [u8]),
}

#[cold]
const fn invalid(context: &'static str) -> Error {
    Error::new(ErrorKind::InvalidText, 0, context)
}
