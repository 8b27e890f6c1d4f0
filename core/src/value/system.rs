//! Types of the system's own: `tid`, `pg_snapshot`, `txid_snapshot`, `int2vector`, `oidvector`.

use core::fmt::{self, Display, Formatter};

use super::binary_form::fixed;
use super::{invalid, number, types};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::Oid;

/// `tid`: where a row lies in its table.
///
/// Binary form (`tidsend` in `src/backend/utils/adt/tid.c`): uint32 block, uint16 place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tid {
    /// The block.
    pub block: u32,
    /// The place in the block, counted from 1.
    pub offset: u16,
}

impl Tid {
    pub(super) fn from_text(text: &str) -> Result<Self> {
        let parse = || {
            let (block, offset) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
            Some(Self { block: number::parse(block)?, offset: number::parse(offset)? })
        };
        parse().ok_or_else(|| invalid("tid"))
    }

    pub(super) fn from_binary(bytes: &[u8]) -> Result<Self> {
        fixed(bytes, "tid", |reader, context| {
            Ok(Self { block: reader.u32(context)?, offset: reader.u16(context)? })
        })
    }
}

impl Display for Tid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.block, self.offset)
    }
}

/// `pg_snapshot` and `txid_snapshot`: which transactions were over at some time.
///
/// Binary form (`pg_snapshot_send` in `src/backend/utils/adt/xid8funcs.c`): int32 how many are in
/// progress, then uint64 xmin, xmax and each of these.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    xmin: u64,
    xmax: u64,
    in_progress: Ids<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Ids<'a> {
    /// Numbers with commas between them.
    Text(&'a str),
    Binary(&'a [[u8; 8]]),
}

impl<'a> Snapshot<'a> {
    pub(super) fn from_text(text: &'a str, context: &'static str) -> Result<Self> {
        let parse = || {
            let (xmin, rest) = text.split_once(':')?;
            let (xmax, ids) = rest.split_once(':')?;
            let valid = ids.is_empty()
                || ids.split(',').all(|id| number::parse_digits::<u64>(id).is_some());
            let in_progress = Ids::Text(ids);
            let (xmin, xmax) = (number::parse(xmin)?, number::parse(xmax)?);
            valid.then_some(Self { xmin, xmax, in_progress })
        };
        parse().ok_or_else(|| invalid(context))
    }

    pub(super) fn read(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        let start = *reader;
        let claimed = reader.i32(context)?;
        let (xmin, xmax) = (reader.u64(context)?, reader.u64(context)?);
        let Ok(count) = usize::try_from(claimed) else {
            return Err(start.error(ErrorKind::InvalidLength(i64::from(claimed)), context));
        };
        let (ids, _) = reader.bytes(count.saturating_mul(8), context)?.as_chunks();
        Ok(Self { xmin, xmax, in_progress: Ids::Binary(ids) })
    }

    /// All transactions before this one are over.
    pub const fn xmin(&self) -> u64 {
        self.xmin
    }

    /// This transaction and all behind it are not over.
    pub const fn xmax(&self) -> u64 {
        self.xmax
    }

    /// The transactions between these two that are not over, in rising order.
    pub fn in_progress(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        let (text, binary) = match self.in_progress {
            Ids::Text(text) => (text, [].as_slice()),
            Ids::Binary(ids) => ("", ids),
        };
        let of_text = text.split(',').filter_map(number::parse_digits);
        of_text.chain(binary.iter().map(|id| u64::from_be_bytes(*id)))
    }
}

impl PartialEq for Snapshot<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.xmin == other.xmin
            && self.xmax == other.xmax
            && self.in_progress().eq(other.in_progress())
    }
}

impl Eq for Snapshot<'_> {}

impl Display for Snapshot<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        write_list(f, self.in_progress(), ",")
    }
}

fn write_list<T: Display>(
    f: &mut Formatter<'_>,
    items: impl Iterator<Item = T>,
    separator: &str,
) -> fmt::Result {
    for (at, item) in items.enumerate() {
        if at != 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// `int2vector` and `oidvector`: numbers, as text with spaces between them.
///
/// Binary form: an array of one dimension (`array_send` in `src/backend/utils/adt/arrayfuncs.c`):
///
/// | bytes | field |
/// |---|---|
/// | int32 | dimensions: 1, or 0 for none |
/// | int32 | whether there are NULLs: 0 |
/// | uint32 | type of the elements |
/// | int32, int32 | how many, and the index of the first: not where there is no dimension |
/// | int32, bytes | length of each element, and the element |
#[derive(Clone, Copy, Debug)]
pub struct Vector<'a> {
    element_type: Oid,
    items: Items<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Items<'a> {
    Text(&'a str),
    /// Length and value of each, all of the size of the element type.
    Binary(&'a [u8]),
}

impl<'a> Vector<'a> {
    pub(super) fn from_text(element_type: Oid, text: &'a str) -> Result<Self> {
        let valid = |item: &str| match element_type {
            types::INT2 => number::parse::<i16>(item).is_some(),
            _ => number::parse::<u32>(item).is_some(),
        };
        if text.is_empty() || text.split(' ').all(valid) {
            Ok(Self { element_type, items: Items::Text(text) })
        } else {
            Err(invalid(context_of(element_type)))
        }
    }

    pub(super) fn from_binary(element_type: Oid, bytes: &'a [u8]) -> Result<Self> {
        let context = context_of(element_type);
        let mut reader = Reader::new(bytes, 0);
        let dimensions = reader;
        let is_empty = match reader.i32(context)? {
            0 => true,
            1 => false,
            _ => return Err(dimensions.error(ErrorKind::InvalidBinary, context)),
        };
        let header = reader;
        if reader.i32(context)? != 0 || reader.oid(context)? != element_type {
            return Err(header.error(ErrorKind::InvalidBinary, context));
        }
        let mut items = reader.rest();
        if !is_empty {
            let at_count = reader;
            let count = reader.i32(context)?;
            if count < 0 {
                return Err(at_count.error(ErrorKind::InvalidLength(i64::from(count)), context));
            }
            reader.i32(context)?;
            items = reader.rest();
            for _ in 0..count {
                let item = reader;
                if reader.sized_bytes(context)?.len() != size_of_element(element_type) {
                    return Err(item.error(ErrorKind::InvalidBinary, context));
                }
            }
        }
        reader.finish(context)?;
        Ok(Self { element_type, items: Items::Binary(items) })
    }

    /// The type of the elements: `int2` or `oid`.
    pub const fn element_type(&self) -> Oid {
        self.element_type
    }

    /// The numbers.
    pub fn iter(&self) -> impl Iterator<Item = i64> + Clone + use<'a> {
        let (text, binary) = match self.items {
            Items::Text(text) => (text, [].as_slice()),
            Items::Binary(items) => ("", items),
        };
        let of_text = text.split(' ').filter_map(number::parse);
        let item = size_of::<u32>().saturating_add(size_of_element(self.element_type));
        of_text.chain(binary.chunks_exact(item).map(|item| match *item {
            [_, _, _, _, a, b] => i64::from(i16::from_be_bytes([a, b])),
            [_, _, _, _, a, b, c, d] => i64::from(u32::from_be_bytes([a, b, c, d])),
            _ => 0,
        }))
    }
}

const fn context_of(element_type: Oid) -> &'static str {
    match element_type {
        types::INT2 => "int2vector",
        _ => "oidvector",
    }
}

const fn size_of_element(element_type: Oid) -> usize {
    match element_type {
        types::INT2 => 2,
        _ => 4,
    }
}

impl PartialEq for Vector<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.element_type == other.element_type && self.iter().eq(other.iter())
    }
}

impl Eq for Vector<'_> {}

impl Display for Vector<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_list(f, self.iter(), " ")
    }
}
