//! Reads the fields of a part of a record one after the other, and notes each as a node of a tree.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::dump::{Content, Flags, MAX_NODES, Node, Numbers, REST, Value};
use crate::types::{Lsn, Oid, RelFileLocator, Timestamp};
use crate::wal::Version;
use crate::wal::cursor::Cursor;

/// What a method that reads a field gives: `None`, the part ends before it.
type Read<T> = Option<T>;

/// A part of a record that is read. Positions are those of the whole record.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    /// The whole record up to the part's end.
    bytes: &'a [u8],
    /// Where the part begins.
    start: usize,
    at: usize,
    nodes: Vec<Node<'a>>,
    /// How many nodes there may be more.
    left: usize,
    pub(crate) version: Version,
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $size:literal, $kind:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&mut self, name: &'static str) -> Read<$type> {
            self.field(name, $size, Cursor::$name, |number| Value::$kind((*number).into()))
        }
    )*};
}

impl<'a> Walk<'a> {
    /// Reads the part of a record that lies in `range`.
    pub(crate) fn new(bytes: &'a [u8], range: Range<usize>, version: Version) -> Self {
        let bytes = bytes.get(..range.end).unwrap_or(bytes);
        let start = range.start.min(bytes.len());
        Self { bytes, start, at: start, nodes: Vec::new(), left: MAX_NODES, version }
    }

    /// The nodes, and one for what was not read.
    pub(crate) fn finish(mut self) -> Vec<Node<'a>> {
        if self.at < self.bytes.len() {
            let range = self.at..self.bytes.len();
            self.nodes.push(Node { name: Cow::Borrowed(REST), range, content: Content::Opaque });
        }
        self.nodes
    }

    /// How many nodes there are.
    pub(crate) const fn used(&self) -> usize {
        MAX_NODES.saturating_sub(self.left)
    }

    /// Lets there be so many nodes fewer.
    pub(crate) const fn spend(&mut self, nodes: usize) {
        self.left = self.left.saturating_sub(nodes);
    }

    /// What is left of the part.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        from: usize,
        content: Content<'a>,
    ) -> Read<()> {
        self.left = self.left.checked_sub(1)?;
        self.nodes.push(Node { name: name.into(), range: from..self.at, content });
        Some(())
    }

    /// Takes a node that was made of what comes next, and notes how many nodes there are now.
    pub(crate) fn put(&mut self, node: Node<'a>, used: usize) {
        self.at = node.range.end;
        self.left = MAX_NODES.saturating_sub(used).saturating_sub(1);
        self.nodes.push(node);
    }

    /// Notes a value whose `size` bytes are read as part of what comes next, too.
    pub(crate) fn note(&mut self, name: &'static str, size: usize, value: Value<'a>) -> Read<()> {
        self.left = self.left.checked_sub(1)?;
        let range = self.at..self.at.saturating_add(size);
        self.nodes.push(Node { name: Cow::Borrowed(name), range, content: Content::Value(value) });
        Some(())
    }

    fn field<T>(
        &mut self,
        name: &'static str,
        size: usize,
        read: impl FnOnce(&mut Cursor<'a>) -> Option<T>,
        value: impl FnOnce(&T) -> Value<'a>,
    ) -> Read<T> {
        let found = read(&mut Cursor::new(self.rest()))?;
        let from = self.at;
        self.left.checked_sub(1)?;
        self.at = self.at.saturating_add(size);
        self.push(name, from, Content::Value(value(&found)))?;
        Some(found)
    }

    numbers! {
        /// One byte.
        u8: u8, 1, Unsigned;
        /// One byte, signed.
        i8: i8, 1, Signed;
        /// Two bytes.
        u16: u16, 2, Unsigned;
        /// Four bytes.
        u32: u32, 4, Unsigned;
        /// Four bytes, signed.
        i32: i32, 4, Signed;
        /// Eight bytes.
        u64: u64, 8, Unsigned;
        /// Eight bytes, signed.
        i64: i64, 8, Signed;
        /// A boolean.
        bool: bool, 1, Bool;
    }

    /// An object identifier.
    pub(crate) fn oid(&mut self, name: &'static str) -> Read<Oid> {
        self.u32(name).map(Oid)
    }

    /// A position in the log.
    pub(crate) fn lsn(&mut self, name: &'static str) -> Read<Lsn> {
        self.field(name, 8, Cursor::lsn, |lsn| Value::Lsn(*lsn))
    }

    /// A point in time.
    pub(crate) fn time(&mut self, name: &'static str) -> Read<Timestamp> {
        self.field(name, 8, Cursor::timestamp, |time| Value::Time(*time))
    }

    /// A number that may have a fraction.
    pub(crate) fn f64(&mut self, name: &'static str) -> Read<f64> {
        let read = |fields: &mut Cursor<'_>| fields.u64().map(f64::from_bits);
        self.field(name, 8, read, |number| Value::Float(*number))
    }

    /// Eight bits that have names.
    pub(crate) fn flags8(
        &mut self,
        name: &'static str,
        names: &'static [(u32, &'static str)],
    ) -> Read<u8> {
        let flags = |bits: &u8| Value::Flags(Flags { bits: u32::from(*bits), names });
        self.field(name, 1, Cursor::u8, flags)
    }

    /// Those of eight bits that `mask` has.
    pub(crate) fn flags8_masked(
        &mut self,
        name: &'static str,
        mask: u8,
        names: &'static [(u32, &'static str)],
    ) -> Read<u8> {
        let flags = |bits: &u8| Value::Flags(Flags { bits: u32::from(*bits & mask), names });
        self.field(name, 1, Cursor::u8, flags)
    }

    /// Sixteen bits that have names.
    pub(crate) fn flags16(
        &mut self,
        name: &'static str,
        names: &'static [(u32, &'static str)],
    ) -> Read<u16> {
        let flags = |bits: &u16| Value::Flags(Flags { bits: u32::from(*bits), names });
        self.field(name, 2, Cursor::u16, flags)
    }

    /// Thirty-two bits that have names.
    pub(crate) fn flags32(
        &mut self,
        name: &'static str,
        names: &'static [(u32, &'static str)],
    ) -> Read<u32> {
        let flags = |bits: &u32| Value::Flags(Flags { bits: *bits, names });
        self.field(name, 4, Cursor::u32, flags)
    }

    /// Four bytes that stand for something with a name.
    pub(crate) fn named32(
        &mut self,
        name: &'static str,
        of: impl FnOnce(i32) -> Option<&'static str>,
    ) -> Read<i32> {
        let named = |number: &i32| Value::Named { number: i64::from(*number), name: of(*number) };
        self.field(name, 4, Cursor::i32, named)
    }

    /// One byte that stands for something with a name.
    pub(crate) fn named8(
        &mut self,
        name: &'static str,
        of: impl FnOnce(u8) -> Option<&'static str>,
    ) -> Read<u8> {
        let named = |number: &u8| Value::Named { number: i64::from(*number), name: of(*number) };
        self.field(name, 1, Cursor::u8, named)
    }

    /// A text up to its zero byte, or to the end.
    pub(crate) fn string(&mut self, name: &'static str) -> Read<&'a [u8]> {
        let rest = self.rest();
        let size =
            rest.iter().position(|byte| *byte == 0).map_or(rest.len(), |end| end.wrapping_add(1));
        self.field(name, size, Cursor::string, |text| Value::Text(text))
    }

    /// A text in a place of a fixed size, up to its zero byte.
    pub(crate) fn padded_string(&mut self, name: &'static str, size: usize) -> Read<&'a [u8]> {
        let read = |fields: &mut Cursor<'a>| Cursor::new(fields.bytes(size)?).string();
        self.field(name, size, read, |text| Value::Text(text))
    }

    /// A text of a length.
    pub(crate) fn text(&mut self, name: &'static str, size: usize) -> Read<&'a [u8]> {
        self.field(name, size, |fields| fields.bytes(size), |text| Value::Text(text))
    }

    /// Numbers of two bytes.
    pub(crate) fn numbers16(&mut self, name: &'static str, count: usize) -> Read<()> {
        self.numbers(name, count, 2)
    }

    /// Numbers of four bytes.
    pub(crate) fn numbers32(&mut self, name: &'static str, count: usize) -> Read<()> {
        self.numbers(name, count, 4)
    }

    fn numbers(&mut self, name: &'static str, count: usize, size: u8) -> Read<()> {
        let length = count.checked_mul(size.into())?;
        let numbers = |bytes: &&'a [u8]| Value::Numbers(Numbers { bytes, size });
        self.field(name, length, |fields| fields.bytes(length), numbers).map(|_| ())
    }

    /// Bytes that are not taken apart.
    pub(crate) fn opaque(&mut self, name: impl Into<Cow<'static, str>>, size: usize) -> Read<()> {
        self.rest().get(..size)?;
        self.left.checked_sub(1)?;
        let from = self.at;
        self.at = self.at.saturating_add(size);
        self.push(name, from, Content::Opaque)
    }

    /// The rest of the part, if there is one, not taken apart.
    pub(crate) fn opaque_rest(&mut self, name: &'static str) -> Read<()> {
        match self.rest().len() {
            0 => Some(()),
            length => self.opaque(name, length),
        }
    }

    /// Goes on to an offset in the part, over what fills up a structure. An offset that a record says
    /// may lie before what was read already: fields do not lie over each other.
    pub(crate) fn to(&mut self, offset: usize) -> Read<()> {
        let there = self.at..=self.bytes.len();
        let at = self.start.checked_add(offset).filter(|at| there.contains(at))?;
        self.at = at;
        Some(())
    }

    /// Where in the part the next field is.
    pub(crate) const fn offset(&self) -> usize {
        self.at.saturating_sub(self.start)
    }

    /// Goes to a multiple of `alignment` in the part. Behind the last field there may be nothing.
    pub(crate) fn align(&mut self, alignment: usize) -> Read<()> {
        let offset = self.offset().checked_next_multiple_of(alignment)?;
        self.at = self.start.saturating_add(offset).min(self.bytes.len());
        Some(())
    }

    /// How many there are of something, four bytes, noted as `name`: a negative number is none.
    pub(crate) fn count(&mut self, name: &'static str) -> Read<usize> {
        self.i32(name).map(|count| usize::try_from(count).unwrap_or(0))
    }

    /// Fields that belong together. What was read before they end too early stays.
    pub(crate) fn group(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        fields: impl FnOnce(&mut Self) -> Read<()>,
    ) -> Read<()> {
        self.nested(name, Content::Group, fields)
    }

    /// So many items of one kind, each a group.
    pub(crate) fn list(
        &mut self,
        name: &'static str,
        count: usize,
        mut item: impl FnMut(&mut Self) -> Read<()>,
    ) -> Read<()> {
        self.nested(name, Content::List, |walk| {
            (0..count).try_for_each(|_| walk.group("", &mut item))
        })
    }

    /// Nodes below a node.
    pub(crate) fn nested(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        content: impl FnOnce(Vec<Node<'a>>) -> Content<'a>,
        fields: impl FnOnce(&mut Self) -> Read<()>,
    ) -> Read<()> {
        self.left = self.left.checked_sub(1)?;
        let from = self.at;
        let before = core::mem::take(&mut self.nodes);
        let read = fields(self);
        let children = core::mem::replace(&mut self.nodes, before);
        if read.is_some() || !children.is_empty() {
            let node = Node { name: name.into(), range: from..self.at, content: content(children) };
            self.nodes.push(node);
        }
        read
    }

    /// Where a relation's files lie.
    pub(crate) fn locator(&mut self, name: &'static str) -> Read<RelFileLocator> {
        let mut locator = RelFileLocator::default();
        self.group(name, |walk| {
            locator.tablespace = walk.oid("tablespace")?;
            locator.database = walk.oid("database")?;
            locator.relation = walk.oid("relation")?;
            Some(())
        })?;
        Some(locator)
    }

    /// Where a row lies: `ItemPointerData`.
    pub(crate) fn tid(&mut self, name: &'static str) -> Read<()> {
        self.group(name, |walk| {
            walk.block_id("block")?;
            walk.u16("offset").map(|_| ())
        })
    }

    /// The number of a block as two halves: `BlockIdData`.
    pub(crate) fn block_id(&mut self, name: &'static str) -> Read<u32> {
        let read = |fields: &mut Cursor<'_>| {
            let (high, low) = (fields.u16()?, fields.u16()?);
            Some(u32::from(high) << 16 | u32::from(low))
        };
        self.field(name, 4, read, |block| Value::Unsigned(u64::from(*block)))
    }
}
