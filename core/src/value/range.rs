//! Ranges and multiranges, from both forms.
//!
//! As text: `[1,5)`, `(,"2020-01-01 00:00:00"]`, `empty`; a multirange is `{[1,3),[5,7)}`. In
//! binary form a range is
//!
//! | bytes | field |
//! |---|---|
//! | 1 | flags: 0x01 empty, 0x02 lower bound inclusive, 0x04 upper bound inclusive, 0x08 no lower bound, 0x10 no upper bound |
//! | then per bound that there is: 4 + length | length and value |
//!
//! and a multirange the number of its ranges (4), each after its length (4).
//!
//! `range_out` and `range_send` in `src/backend/utils/adt/rangetypes.c`, `multirange_out` and
//! `multirange_send` in `multirangetypes.c`.

use core::fmt::{self, Display, Formatter, Write};

use super::part::{self, Part, Raw};
use super::quote::{self, Quoting};
use super::{TypeTable, invalid};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Oid;

const RANGE: &str = "range";
const MULTIRANGE: &str = "multirange";
const EMPTY: &str = "empty";
const MULTIRANGE_END: &str = "}";

const FLAG_EMPTY: u8 = 0x01;
const FLAG_LOWER_INCLUSIVE: u8 = 0x02;
const FLAG_UPPER_INCLUSIVE: u8 = 0x04;
const FLAG_LOWER_INFINITE: u8 = 0x08;
const FLAG_UPPER_INFINITE: u8 = 0x10;
const FLAGS: u8 = FLAG_EMPTY
    | FLAG_LOWER_INCLUSIVE
    | FLAG_UPPER_INCLUSIVE
    | FLAG_LOWER_INFINITE
    | FLAG_UPPER_INFINITE;

/// A range, checked when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a> {
    types: &'a TypeTable,
    subtype: Oid,
    raw: Raw<'a>,
}

/// One end of a [`Range`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound<'a> {
    /// There is none: the range goes on for ever.
    Infinite,
    /// The range ends with this value.
    Inclusive(Part<'a>),
    /// The range ends before this value, or begins behind it.
    Exclusive(Part<'a>),
}

impl<'a> Bound<'a> {
    /// The value, if the range has one at this end.
    pub const fn part(self) -> Option<Part<'a>> {
        match self {
            Self::Infinite => None,
            Self::Inclusive(part) | Self::Exclusive(part) => Some(part),
        }
    }

    const fn new(part: Option<Part<'a>>, inclusive: bool) -> Self {
        match (part, inclusive) {
            (None, _) => Self::Infinite,
            (Some(part), true) => Self::Inclusive(part),
            (Some(part), false) => Self::Exclusive(part),
        }
    }
}

impl<'a> Range<'a> {
    pub(super) fn from_text(types: &'a TypeTable, subtype: Oid, text: &'a str) -> Result<Self> {
        match read_text(text) {
            Some((_, "")) => Ok(Self { types, subtype, raw: Raw::Text(text) }),
            _ => Err(invalid(RANGE)),
        }
    }

    /// The range itself is checked, its bounds are not.
    pub(super) fn from_binary(types: &'a TypeTable, subtype: Oid, bytes: &'a [u8]) -> Result<Self> {
        read_binary(bytes)?;
        Ok(Self { types, subtype, raw: Raw::Binary(bytes) })
    }

    /// The type of the bounds.
    pub const fn subtype(&self) -> Oid {
        self.subtype
    }

    /// The lower and the upper bound; `None` for the empty range.
    pub fn bounds(&self) -> Option<(Bound<'a>, Bound<'a>)> {
        match self.raw {
            Raw::Text(text) => read_text(text)?.0,
            Raw::Binary(bytes) => read_binary(bytes).ok().flatten(),
        }
    }

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.bounds().is_none()
    }

    fn write_bound(&self, f: &mut Formatter<'_>, bound: Bound<'_>) -> fmt::Result {
        let Some(part) = bound.part() else { return Ok(()) };
        let value = part.checked(self.types, self.subtype).ok_or(fmt::Error)?;
        quote::write_part(f, &value, Quoting::Range)
    }
}

impl PartialEq for Range<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.subtype == other.subtype && part::same((self, self.raw), (other, other.raw))
    }
}

impl Display for Range<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Raw::Text(text) = self.raw {
            return f.write_str(text);
        }
        let Some((lower, upper)) = self.bounds() else { return f.write_str(EMPTY) };
        f.write_char(if matches!(lower, Bound::Inclusive(_)) { '[' } else { '(' })?;
        self.write_bound(f, lower)?;
        f.write_char(',')?;
        self.write_bound(f, upper)?;
        f.write_char(if matches!(upper, Bound::Inclusive(_)) { ']' } else { ')' })
    }
}

type Bounds<'a> = Option<(Bound<'a>, Bound<'a>)>;

/// Reads a range from the front; what is behind it is returned.
fn read_text(text: &str) -> Option<(Bounds<'_>, &str)> {
    if let Some(rest) = text.strip_prefix(EMPTY) {
        return Some((None, rest));
    }
    let rest = text.strip_prefix(['[', '('])?;
    let (lower, rest) = part::field(rest, &[','])?;
    let rest = rest.strip_prefix(',')?;
    let (upper, rest) = part::field(rest, &[']', ')'])?;
    let behind = rest.strip_prefix([']', ')'])?;
    let lower = Bound::new(lower.map(Part::Text), text.starts_with('['));
    let upper = Bound::new(upper.map(Part::Text), rest.starts_with(']'));
    Some((Some((lower, upper)), behind))
}

fn read_binary(bytes: &[u8]) -> Result<Bounds<'_>> {
    let mut reader = Reader::new(bytes, 0);
    let flags = reader.u8(RANGE)?;
    if flags & !FLAGS != 0 {
        return Err(Reader::new(bytes, 0).error(ErrorKind::InvalidValue(flags), RANGE));
    }
    let empty = flags & FLAG_EMPTY != 0;
    let mut bound = |infinite: u8, inclusive: u8| -> Result<Bound<'_>> {
        if empty || flags & infinite != 0 {
            return Ok(Bound::Infinite);
        }
        let value = reader.sized_bytes(RANGE)?;
        Ok(Bound::new(Some(Part::Binary(value)), flags & inclusive != 0))
    };
    let lower = bound(FLAG_LOWER_INFINITE, FLAG_LOWER_INCLUSIVE)?;
    let upper = bound(FLAG_UPPER_INFINITE, FLAG_UPPER_INCLUSIVE)?;
    reader.finish(RANGE)?;
    Ok((!empty).then_some((lower, upper)))
}

/// A multirange, checked when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Multirange<'a> {
    types: &'a TypeTable,
    subtype: Oid,
    raw: Raw<'a>,
}

impl<'a> Multirange<'a> {
    pub(super) fn from_text(types: &'a TypeTable, subtype: Oid, text: &'a str) -> Result<Self> {
        let multirange = Self { types, subtype, raw: Raw::Text(text) };
        let mut ranges = multirange.ranges();
        ranges.by_ref().for_each(drop);
        if text.starts_with('{') && ranges.rest == Raw::Text(MULTIRANGE_END) {
            Ok(multirange)
        } else {
            Err(invalid(MULTIRANGE))
        }
    }

    /// The multirange itself is checked, its ranges' bounds are not.
    pub(super) fn from_binary(types: &'a TypeTable, subtype: Oid, bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let count = reader.u32(MULTIRANGE)?;
        for _ in 0..count {
            let start = reader.offset();
            let range = reader.sized_bytes(MULTIRANGE)?;
            read_binary(range).map_err(|error| error.shifted(start.saturating_add(4)))?;
        }
        reader.finish(MULTIRANGE)?;
        Ok(Self { types, subtype, raw: Raw::Binary(bytes) })
    }

    /// The type of the bounds.
    pub const fn subtype(&self) -> Oid {
        self.subtype
    }

    /// The ranges, none of them empty, in their order.
    pub fn ranges(&self) -> Ranges<'a> {
        let Self { types, subtype, raw } = *self;
        let rest = match raw {
            Raw::Text(text) => Raw::Text(text.strip_prefix('{').unwrap_or_default()),
            Raw::Binary(bytes) => Raw::Binary(bytes.get(4..).unwrap_or_default()),
        };
        Ranges { types, subtype, rest }
    }
}

impl PartialEq for Multirange<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.subtype == other.subtype && part::same((self, self.raw), (other, other.raw))
    }
}

impl Display for Multirange<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Raw::Text(text) = self.raw {
            return f.write_str(text);
        }
        f.write_char('{')?;
        for (index, range) in self.ranges().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            range.fmt(f)?;
        }
        f.write_char('}')
    }
}

/// The ranges of a [`Multirange`].
#[derive(Clone, Debug)]
pub struct Ranges<'a> {
    types: &'a TypeTable,
    subtype: Oid,
    rest: Raw<'a>,
}

impl<'a> Iterator for Ranges<'a> {
    type Item = Range<'a>;

    fn next(&mut self) -> Option<Range<'a>> {
        let Self { types, subtype, .. } = *self;
        match self.rest {
            Raw::Text(text) => {
                let (_, behind) = read_text(text)?;
                let length = text.len().checked_sub(behind.len())?;
                let range = text.get(..length)?;
                // Behind a range comes a comma with another, or the end.
                self.rest = Raw::Text(match behind.strip_prefix(',') {
                    Some(next) if next.starts_with(['[', '(']) => next,
                    None if behind == MULTIRANGE_END => behind,
                    _ => return None,
                });
                Some(Range { types, subtype, raw: Raw::Text(range) })
            }
            Raw::Binary(bytes) => {
                let mut reader = Reader::new(bytes, 0);
                let range = reader.sized_bytes(MULTIRANGE).ok()?;
                self.rest = Raw::Binary(reader.rest());
                Some(Range { types, subtype, raw: Raw::Binary(range) })
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests {
    extern crate alloc;
    use super::*;
    use crate::value::{Value, types};
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    const INT4RANGE: Oid = Oid(3904);
    const INT4MULTIRANGE: Oid = Oid(4451);

    fn range_of(subtype: Oid, text: &str) -> Option<String> {
        let range = Range::from_text(TypeTable::BUILT_IN, subtype, text).ok()?;
        let bound = |bound: Bound<'_>| match bound {
            Bound::Infinite => "-".to_string(),
            Bound::Inclusive(Part::Text(text)) => alloc::format!("={text}"),
            Bound::Exclusive(Part::Text(text)) => alloc::format!("<{text}"),
            other => alloc::format!("{other:?}"),
        };
        Some(match range.bounds() {
            None => "empty".to_string(),
            Some((lower, upper)) => [bound(lower), bound(upper)].concat(),
        })
    }

    #[test]
    fn bounds_of_text() {
        for (text, expected) in [
            ("empty", "empty"),
            ("[1,5)", "=1<5"),
            ("(,)", "--"),
            ("(,a]", "-=a"),
            (r#"["a,""b","]\\"]"#, r#"=a,"b=]\"#),
            (r#"["",a]"#, "==a"),
        ] {
            assert_eq!(range_of(types::TEXT, text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "[", "[1", "[1,", "[1,2", "[1,2)x", "1,2", "empty ", "[\"1,2)", "[1)"] {
            assert_eq!(range_of(types::TEXT, text), None, "{text}");
        }
    }

    fn bytes_of(flags: u8, bounds: &[i32]) -> Vec<u8> {
        let mut out = Vec::from([flags]);
        for bound in bounds {
            out.extend(4_i32.to_be_bytes());
            out.extend(bound.to_be_bytes());
        }
        out
    }

    #[test]
    fn both_forms_are_the_same_range() {
        for (flags, bounds, text) in [
            (0x01, &[][..], "empty"),
            (0x02, &[1, 5], "[1,5)"),
            (0x06, &[1, 5], "[1,5]"),
            (0x0A, &[5], "(,5)"),
            (0x10, &[5], "(5,)"),
            (0x18, &[], "(,)"),
        ] {
            let bytes = bytes_of(flags, bounds);
            let value = Value::from_binary(INT4RANGE, &bytes).unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(value, Value::from_text(INT4RANGE, text.as_bytes()).unwrap());
            for end in 0..bytes.len() {
                let cut = bytes.get(..end).unwrap();
                assert!(Value::from_binary(INT4RANGE, cut).is_err(), "{text} cut at {end}");
            }
        }
        assert!(Value::from_binary(INT4RANGE, &bytes_of(0x40, &[1, 2])).is_err());
        assert!(Value::from_binary(INT4RANGE, &bytes_of(0x02, &[1, 2, 3])).is_err());
        // A bound that is no int4.
        assert!(Value::from_binary(INT4RANGE, &[0x0A, 0, 0, 0, 1, 9]).is_err());
    }

    #[test]
    fn multiranges() {
        for text in ["{}", "{[1,2)}", "{(,2),[5,7),[9,)}"] {
            let value = Value::from_text(INT4MULTIRANGE, text.as_bytes()).unwrap();
            let Value::Multirange(multirange) = value else { panic!("{value:?}") };
            let ranges: Vec<_> = multirange.ranges().map(|range| range.to_string()).collect();
            assert_eq!(alloc::format!("{{{}}}", ranges.join(",")), text);
        }
        for text in ["", "{", "{[1,2)", "{[1,2),}", "{,}", "[1,2)", "{[1,2)}x", "{[1,2)[3,4)}"] {
            assert!(Value::from_text(INT4MULTIRANGE, text.as_bytes()).is_err(), "{text}");
        }
        let mut bytes = Vec::from([0, 0, 0, 2]);
        for range in [bytes_of(0x02, &[1, 2]), bytes_of(0x12, &[5])] {
            bytes.extend(u32::try_from(range.len()).unwrap().to_be_bytes());
            bytes.extend(range);
        }
        let value = Value::from_binary(INT4MULTIRANGE, &bytes).unwrap();
        assert_eq!(value.to_string(), "{[1,2),[5,)}");
        assert_eq!(value, Value::from_text(INT4MULTIRANGE, b"{[1,2),[5,)}").unwrap());
        for end in 0..bytes.len() {
            let cut = bytes.get(..end).unwrap();
            assert!(Value::from_binary(INT4MULTIRANGE, cut).is_err(), "cut at {end}");
        }
    }
}
