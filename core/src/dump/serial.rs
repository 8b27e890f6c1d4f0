//! Trees for `serde`.
//!
//! A node is an object with `name`, `start` and `end` (its byte range), and `value` or `children`; an
//! item of a list has no name, a node of bytes that are not taken apart neither value nor children.
//!
//! Values are the same everywhere: numbers and booleans as they are, positions in the log and times
//! (ISO 8601) as texts, things with names as their name (as their number if they have none), flags as
//! a list of names (bits without one as `0x…`), lists of numbers as lists; what ought to be text and is
//! no UTF-8 is `{"$bytes":"…"}` in hexadecimal digits. A number that JavaScript would not hold is a
//! text.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::{Content, Flags, Node, Value};

/// The largest whole number that JavaScript's numbers hold with all those below.
const MAX_SAFE: u64 = (1 << 53) - 1;

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_name = !self.name.is_empty();
        let has_content = !matches!(self.content, Content::Opaque);
        let fields = 2_usize.saturating_add(has_name.into()).saturating_add(has_content.into());
        let mut object = serializer.serialize_struct("Node", fields)?;
        if has_name {
            object.serialize_field("name", &self.name)?;
        }
        object.serialize_field("start", &Safe(self.range.start as u64))?;
        object.serialize_field("end", &Safe(self.range.end as u64))?;
        match &self.content {
            Content::Value(value) => object.serialize_field("value", value)?,
            Content::Group(children) | Content::List(children) => {
                object.serialize_field("children", children)?;
            }
            Content::Opaque => {}
        }
        object.end()
    }
}

/// The values of a node's fields, without byte ranges: a group is an object, a list is a list. Bytes
/// that are not taken apart are `{"length":…}`.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'t, 'a>(pub &'t Node<'a>);

impl Serialize for Facts<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.content {
            Content::Value(value) => value.serialize(serializer),
            Content::Opaque => {
                let mut object = serializer.serialize_map(Some(1))?;
                object.serialize_entry("length", &self.0.range.len())?;
                object.end()
            }
            Content::Group(children) => {
                let mut object = serializer.serialize_map(Some(children.len()))?;
                for child in children {
                    object.serialize_entry(&child.name, &Facts(child))?;
                }
                object.end()
            }
            Content::List(children) => {
                let mut list = serializer.serialize_seq(Some(children.len()))?;
                for child in children {
                    list.serialize_element(&Facts(child))?;
                }
                list.end()
            }
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Bool(truth) => serializer.serialize_bool(truth),
            Self::Unsigned(number) => Safe(number).serialize(serializer),
            Self::Signed(number) if number.unsigned_abs() > MAX_SAFE => {
                serializer.collect_str(&number)
            }
            Self::Signed(number) | Self::Named { number, name: None } => {
                serializer.serialize_i64(number)
            }
            Self::Float(number) => match whole(number) {
                Some(number) => serializer.serialize_i64(number),
                None if number.is_finite() => serializer.serialize_f64(number),
                None => serializer.collect_str(&number),
            },
            Self::Lsn(lsn) => serializer.collect_str(&lsn),
            Self::Time(time) => serializer.collect_str(&time),
            Self::Text(text) => match core::str::from_utf8(text) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => {
                    let mut object = serializer.serialize_map(Some(1))?;
                    object.serialize_entry("$bytes", &hex(text))?;
                    object.end()
                }
            },
            Self::Named { name: Some(name), .. } => serializer.serialize_str(name),
            Self::Flags(flags) => flags.serialize(serializer),
            Self::Numbers(numbers) => {
                let mut list = serializer.serialize_seq(Some(numbers.len()))?;
                for number in numbers.iter() {
                    list.serialize_element(&number)?;
                }
                list.end()
            }
        }
    }
}

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for name in self.names() {
            list.serialize_element(name)?;
        }
        let unnamed = self.unnamed();
        if unnamed != 0 {
            list.serialize_element(&format!("0x{unnamed:02X}"))?;
        }
        list.end()
    }
}

/// A number that JavaScript may not hold.
struct Safe(u64);

impl Serialize for Safe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 <= MAX_SAFE {
            serializer.serialize_u64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

/// A number without a fraction, which JavaScript writes as such.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is not the same then")]
fn whole(number: f64) -> Option<i64> {
    let whole = number as i64;
    (whole as f64 == number && whole.unsigned_abs() <= MAX_SAFE).then_some(whole)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
