//! PostgreSQL's text of a value.

use core::fmt::{self, Display, Formatter};

use super::{Value, bytea, date_time, float, uuid};

impl Display for Value<'_> {
    /// Writes what PostgreSQL's output function writes. Only `{}` is meant: what flags such as a
    /// width do differs by type.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => f.write_str(if *value { "t" } else { "f" }),
            Self::Int2(value) => value.fmt(f),
            Self::Int4(value) => value.fmt(f),
            Self::Int8(value) => value.fmt(f),
            Self::Oid(oid) => oid.fmt(f),
            Self::Xid(xid) => xid.fmt(f),
            Self::Xid8(xid) => xid.fmt(f),
            Self::Cid(cid) => cid.fmt(f),
            Self::Tid(tid) => tid.fmt(f),
            Self::Float4(value) => float::write_f32(f, *value),
            Self::Float8(value) => float::write_f64(f, *value),
            Self::Numeric(value) => value.fmt(f),
            Self::Money(value) => value.fmt(f),
            Self::Char(byte) => write_char(f, *byte),
            Self::Text(text) | Self::Json(text) | Self::JsonPath(text) | Self::Other(text) => {
                f.write_str(text)
            }
            Self::Bytea(bytea) => bytea.fmt(f),
            Self::Uuid(uuid) => uuid::write(f, uuid),
            Self::Date(date) => date.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::TimeTz(time) => time.fmt(f),
            Self::Timestamp(timestamp) => date_time::write_timestamp(f, *timestamp, ""),
            Self::TimestampTz(timestamp) => date_time::write_timestamp(f, *timestamp, "+00"),
            Self::Interval(interval) => interval.fmt(f),
            Self::Bit(bits) => bits.fmt(f),
            Self::Inet(inet) => inet.fmt(f),
            Self::MacAddr(mac) => mac.fmt(f),
            Self::MacAddr8(mac) => mac.fmt(f),
            Self::PgLsn(lsn) => lsn.fmt(f),
            Self::Point(point) => point.fmt(f),
            Self::Line(line) => line.fmt(f),
            Self::Lseg(lseg) => lseg.fmt(f),
            Self::Box(value) => value.fmt(f),
            Self::Path(path) => path.fmt(f),
            Self::Polygon(polygon) => polygon.fmt(f),
            Self::Circle(circle) => circle.fmt(f),
            Self::TsVector(vector) => vector.fmt(f),
            Self::TsQuery(query) => query.fmt(f),
            Self::Snapshot(snapshot) => snapshot.fmt(f),
            Self::Vector(vector) => vector.fmt(f),
            Self::Reg(oid) => oid.fmt(f),
            Self::Array(array) => array.fmt(f),
            Self::Range(range) => range.fmt(f),
            Self::Multirange(multirange) => multirange.fmt(f),
            Self::Composite(composite) => composite.fmt(f),
            Self::Hstore(hstore) => hstore.fmt(f),
            Self::Bytes(bytes) => bytea::write_hex(f, bytes),
        }
    }
}

/// `charout` in `char.c`, as PostgreSQL 16 and later have it.
fn write_char(f: &mut Formatter<'_>, byte: u8) -> fmt::Result {
    match byte {
        0 => Ok(()),
        1..=0x7F => f.write_str(char::from(byte).encode_utf8(&mut [0])),
        _ => write!(f, "\\{byte:03o}"),
    }
}
