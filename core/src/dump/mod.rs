//! Trees of named fields, with the bytes that each is made of: what shows people and programs how
//! something is built. [`Record::tree`](crate::wal::Record::tree) makes one of a record of the log.
//!
//! With the feature `serde` trees can be written, as they are ([`Node`]) or as plain values without
//! byte ranges ([`Facts`]).

mod value;

#[cfg(feature = "serde")]
mod serial;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

pub use value::{Flags, Numbers, Value};

#[cfg(feature = "serde")]
pub use serial::Facts;

/// The most nodes that a tree has. What would be beyond is one node called [`REST`].
pub const MAX_NODES: usize = 1 << 16;

/// The name of the node that is made of what no field describes: what is behind the last one, or what
/// follows a field that is cut off.
pub const REST: &str = "rest";

/// A field, or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// Its name; empty for an item of a list.
    pub name: Cow<'static, str>,
    /// Where its bytes are, counted from the beginning of what the tree is of.
    pub range: Range<usize>,
    /// What it is.
    pub content: Content<'a>,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// A field with a value.
    Value(Value<'a>),
    /// Bytes that are not taken apart; the range says which.
    Opaque,
    /// Fields with names.
    Group(Vec<Node<'a>>),
    /// Items of one kind.
    List(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    /// The nodes that it is made of.
    pub fn children(&self) -> &[Self] {
        match &self.content {
            Content::Group(children) | Content::List(children) => children,
            Content::Value(_) | Content::Opaque => &[],
        }
    }

    /// The child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children().iter().find(|child| child.name == name)
    }

    /// Its value, if it is a field that has one.
    pub const fn value(&self) -> Option<&Value<'a>> {
        match &self.content {
            Content::Value(value) => Some(value),
            _ => None,
        }
    }
}
