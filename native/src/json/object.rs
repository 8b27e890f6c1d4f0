//! Writes one JSON object, member by member.

use std::fmt::Display;
use std::io::Write;

use super::value;

/// An object that is being written. [`Object::end`] closes it.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }

    /// Begins a member; what is appended to the result is its value.
    pub(crate) fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        value::write_string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// Where the object goes to, to go on with the value of the last member.
    pub(crate) const fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        value::write_string(self.member(name), text);
    }

    /// Bytes that ought to be text.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) {
        value::write_bytes_as_text(self.member(name), bytes);
    }

    pub(crate) fn bool(&mut self, name: &str, value: bool) {
        self.display(name, value);
    }

    /// Something whose text is JSON as it stands.
    pub(crate) fn display(&mut self, name: &str, value: impl Display) {
        append(self.member(name), value);
    }

    /// Something whose text needs quotation marks and no escapes.
    pub(crate) fn display_text(&mut self, name: &str, value: impl Display) {
        let out = self.member(name);
        out.push(b'"');
        append(out, value);
        out.push(b'"');
    }

    pub(crate) fn array<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) {
        let out = self.member(name);
        out.push(b'[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write(out, item);
        }
        out.push(b']');
    }
}

fn append(out: &mut Vec<u8>, value: impl Display) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}
