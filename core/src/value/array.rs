//! Arrays, from both forms.
//!
//! As text: `{1,NULL,"a \"b\""}`, nested by dimension, with bounds before them where an array does
//! not begin at 1: `[0:1]={1,2}`. In binary form:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | number of dimensions, at most 6; 0 for an empty array |
//! | 4 | 1 where there are NULLs, else 0 |
//! | 4 | OID of the elements' type |
//! | then per dimension: 4, 4 | number of elements, lower bound |
//! | then per element: 4 + length | length (-1: NULL) and value |
//!
//! `array_out` and `array_send` in `src/backend/utils/adt/arrayfuncs.c`.

use core::fmt::{self, Display, Formatter, Write};

use super::part::{self, Escaped, Part, Raw};
use super::quote::{self, Quoting};
use super::{TypeTable, invalid};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Oid;

/// PostgreSQL's own limit (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;
const CONTEXT: &str = "array";
const NULL: &str = "NULL";
/// Where a dimension begins unless the array says something else.
const DEFAULT_LOWER_BOUND: i32 = 1;

/// An array, checked when it was made, so that walking it cannot fail.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    types: &'a TypeTable,
    element_type: Oid,
    delimiter: char,
    raw: Raw<'a>,
}

/// One step through an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayEvent<'a> {
    /// `{`: a dimension begins.
    Open,
    /// `}`: a dimension ends.
    Close,
    /// NULL.
    Null,
    /// An element.
    Element(Part<'a>),
}

impl<'a> Array<'a> {
    pub(super) fn from_text(
        types: &'a TypeTable,
        (element_type, delimiter): (Oid, char),
        text: &'a str,
    ) -> Result<Self> {
        let mut walk = TextEvents { delimiter, rest: split_bounds(text).1 };
        let mut depth = 0_usize;
        let mut last = None;
        while let Some(event) = walk.step().ok_or_else(|| invalid(CONTEXT))? {
            match event {
                ArrayEvent::Open => depth = depth.saturating_add(1),
                ArrayEvent::Close => {
                    depth = depth.checked_sub(1).ok_or_else(|| invalid(CONTEXT))?;
                }
                _ if depth == 0 => return Err(invalid(CONTEXT)),
                _ => {}
            }
            last = Some(event);
            if depth == 0 && !walk.rest.is_empty() {
                return Err(invalid(CONTEXT));
            }
        }
        if depth == 0 && last == Some(ArrayEvent::Close) {
            Ok(Self { types, element_type, delimiter, raw: Raw::Text(text) })
        } else {
            Err(invalid(CONTEXT))
        }
    }

    /// The array itself is checked, its elements are not.
    pub(super) fn from_binary(
        types: &'a TypeTable,
        delimiter: char,
        bytes: &'a [u8],
    ) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let head = Head::read(&mut reader)?;
        let mut elements: u64 = u64::from(head.dimensions().len() > 0);
        for (length, lower) in head.dimensions() {
            if length <= 0 || lower.checked_add(length).is_none() {
                return Err(reader.error(ErrorKind::InvalidLength(length.into()), CONTEXT));
            }
            elements = elements.saturating_mul(length.unsigned_abs().into());
        }
        for _ in 0..elements {
            reader.nullable_bytes(CONTEXT)?;
        }
        reader.finish(CONTEXT)?;
        Ok(Self { types, element_type: head.element_type, delimiter, raw: Raw::Binary(bytes) })
    }

    /// The type of the elements.
    pub const fn element_type(&self) -> Oid {
        self.element_type
    }

    /// Where each dimension begins; nothing when all begin at 1, as most do.
    pub fn lower_bounds(&self) -> impl Iterator<Item = i32> + use<'a> {
        let (text, head) = match self.raw {
            Raw::Text(text) => (split_bounds(text).0, None),
            Raw::Binary(bytes) => ("", Head::read(&mut Reader::new(bytes, 0)).ok()),
        };
        let of_text =
            text.split(['[', ']']).filter_map(|bounds| bounds.split_once(':')?.0.parse().ok());
        let head = head.filter(Head::has_bounds);
        let of_binary = head.into_iter().flat_map(|head| head.dimensions().map(|(_, lower)| lower));
        of_text.chain(of_binary)
    }

    /// Walks the array.
    pub fn iter(&self) -> ArrayEvents<'a> {
        ArrayEvents(match self.raw {
            Raw::Text(text) => {
                Walk::Text(TextEvents { delimiter: self.delimiter, rest: split_bounds(text).1 })
            }
            Raw::Binary(bytes) => Walk::Binary(BinaryEvents::new(bytes)),
        })
    }
}

impl<'a> IntoIterator for &Array<'a> {
    type Item = ArrayEvent<'a>;
    type IntoIter = ArrayEvents<'a>;

    fn into_iter(self) -> ArrayEvents<'a> {
        self.iter()
    }
}

impl PartialEq for Array<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.element_type == other.element_type && part::same((self, self.raw), (other, other.raw))
    }
}

impl Display for Array<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bytes = match self.raw {
            Raw::Text(text) => return f.write_str(text),
            Raw::Binary(bytes) => bytes,
        };
        let head = Head::read(&mut Reader::new(bytes, 0)).map_err(|_| fmt::Error)?;
        if head.has_bounds() {
            for (length, lower) in head.dimensions() {
                let upper = lower.saturating_add(length).saturating_sub(1);
                write!(f, "[{lower}:{upper}]")?;
            }
            f.write_char('=')?;
        }
        let mut behind_another = false;
        for event in self {
            if behind_another && event != ArrayEvent::Close {
                f.write_char(self.delimiter)?;
            }
            behind_another = event != ArrayEvent::Open;
            match event {
                ArrayEvent::Open => f.write_char('{')?,
                ArrayEvent::Close => f.write_char('}')?,
                ArrayEvent::Null => f.write_str(NULL)?,
                ArrayEvent::Element(part) => {
                    let value = part.checked(self.types, self.element_type);
                    let value = value.ok_or(fmt::Error)?;
                    quote::write_part(f, &value, Quoting::Array(self.delimiter))?;
                }
            }
        }
        Ok(())
    }
}

/// Walks an array.
#[derive(Clone, Debug)]
pub struct ArrayEvents<'a>(Walk<'a>);

#[derive(Clone, Debug)]
enum Walk<'a> {
    Text(TextEvents<'a>),
    Binary(BinaryEvents<'a>),
}

impl<'a> Iterator for ArrayEvents<'a> {
    type Item = ArrayEvent<'a>;

    fn next(&mut self) -> Option<ArrayEvent<'a>> {
        match &mut self.0 {
            Walk::Text(events) => events.step().flatten(),
            Walk::Binary(events) => events.step(),
        }
    }
}

/// The bounds in front of an array, if it has them, and the array.
fn split_bounds(text: &str) -> (&str, &str) {
    match text.split_once('=') {
        Some((bounds, body)) if bounds.starts_with('[') => (bounds, body),
        _ => ("", text),
    }
}

#[derive(Clone, Debug)]
struct TextEvents<'a> {
    delimiter: char,
    rest: &'a str,
}

impl<'a> TextEvents<'a> {
    /// The next event, `Some(None)` at the end, `None` where the text is no array.
    fn step(&mut self) -> Option<Option<ArrayEvent<'a>>> {
        let event = match self.rest.as_bytes().first() {
            None => return Some(None),
            Some(b'{') => {
                self.advance(1);
                return Some(Some(ArrayEvent::Open));
            }
            Some(b'}') => {
                self.advance(1);
                ArrayEvent::Close
            }
            Some(b'"') => {
                let (text, rest) = part::quoted(self.rest)?;
                self.rest = rest;
                ArrayEvent::Element(Part::Text(text))
            }
            Some(_) => {
                let end = self.rest.find([self.delimiter, '{', '}', '"'])?;
                let text = self.rest.get(..end)?;
                self.advance(end);
                match text {
                    "" => return None,
                    NULL => ArrayEvent::Null,
                    _ => ArrayEvent::Element(Part::Text(Escaped::new(text))),
                }
            }
        };
        // Behind a value or a dimension comes a delimiter with another, or the end of one.
        match self.rest.strip_prefix(self.delimiter) {
            Some(rest) if rest.is_empty() || rest.starts_with(['}', self.delimiter]) => None,
            Some(rest) => {
                self.rest = rest;
                Some(Some(event))
            }
            None if self.rest.is_empty() || self.rest.starts_with('}') => Some(Some(event)),
            None => None,
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

/// What a binary array begins with.
#[derive(Clone, Debug)]
struct Head<'a> {
    element_type: Oid,
    dimensions: Reader<'a>,
}

impl<'a> Head<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let start = *reader;
        let dimensions = reader.i32(CONTEXT)?;
        let count = usize::try_from(dimensions).ok().filter(|&count| count <= MAX_DIMENSIONS);
        let count = count
            .ok_or_else(|| start.error(ErrorKind::InvalidLength(dimensions.into()), CONTEXT))?;
        // The flag says nothing that the elements do not say.
        reader.i32(CONTEXT)?;
        let element_type = reader.oid(CONTEXT)?;
        let dimensions = reader.bytes(count.saturating_mul(8), CONTEXT)?;
        Ok(Self { element_type, dimensions: Reader::new(dimensions, 0) })
    }

    /// Number of elements and lower bound of each dimension.
    fn dimensions(&self) -> impl ExactSizeIterator<Item = (i32, i32)> + use<'a> {
        let mut reader = self.dimensions;
        let count = self.dimensions.rest().len() / 8;
        (0..count).map(move |_| {
            let length = reader.i32(CONTEXT).unwrap_or_default();
            (length, reader.i32(CONTEXT).unwrap_or_default())
        })
    }

    fn has_bounds(&self) -> bool {
        self.dimensions().any(|(_, lower)| lower != DEFAULT_LOWER_BOUND)
    }
}

#[derive(Clone, Debug)]
struct BinaryEvents<'a> {
    lengths: [i32; MAX_DIMENSIONS],
    dimensions: usize,
    /// What is left of each dimension that is open.
    left: [i32; MAX_DIMENSIONS],
    /// How many dimensions are open; `None` before the first.
    depth: Option<usize>,
    elements: Reader<'a>,
}

impl<'a> BinaryEvents<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut elements = Reader::new(bytes, 0);
        let mut lengths = [0; MAX_DIMENSIONS];
        let mut dimensions = 0;
        if let Ok(head) = Head::read(&mut elements) {
            dimensions = head.dimensions().len();
            for (length, (found, _)) in lengths.iter_mut().zip(head.dimensions()) {
                *length = found;
            }
        }
        // An empty array is walked like one dimension of no elements.
        let dimensions = dimensions.max(1);
        Self { lengths, dimensions, left: lengths, depth: None, elements }
    }

    fn step(&mut self) -> Option<ArrayEvent<'a>> {
        let Some(depth) = self.depth else { return self.open(0) };
        let innermost = depth.checked_sub(1)?;
        let left = self.left.get_mut(innermost)?;
        if *left <= 0 {
            self.depth = Some(innermost);
            return Some(ArrayEvent::Close);
        }
        *left = left.saturating_sub(1);
        if depth < self.dimensions {
            return self.open(depth);
        }
        let element = self.elements.nullable_bytes(CONTEXT).ok()?;
        Some(element.map_or(ArrayEvent::Null, |value| ArrayEvent::Element(Part::Binary(value))))
    }

    fn open(&mut self, depth: usize) -> Option<ArrayEvent<'a>> {
        *self.left.get_mut(depth)? = *self.lengths.get(depth)?;
        self.depth = depth.checked_add(1);
        Some(ArrayEvent::Open)
    }
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests;
