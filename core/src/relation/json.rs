//! A difference as JSON: the member `changed` of a relation's line, the same in every host.

use alloc::string::String;
use core::fmt::{Display, Write};

use super::{Column, Difference};

impl Difference<'_> {
    /// The difference as a JSON object. Its members, each only where there is something to say:
    ///
    /// | member | value |
    /// |---|---|
    /// | `renamedFrom` | `{"schema":…,"table":…}`, both as before |
    /// | `replicaIdentity` | before |
    /// | `added`, `dropped` | names of columns |
    /// | `mayBeRenamed` | `[{"from":…,"to":…}]`, from `dropped` to `added` |
    /// | `retyped` | `[{"name":…,"type":…,"typmod":…}]`, type and modifier as before |
    /// | `order` | the names of all columns before |
    /// | `key` | the names of the columns of the replica identity before |
    pub fn to_json(&self) -> String {
        let mut object = Object::default();
        if let Some((schema, table)) = self.renamed_from {
            object.member("renamedFrom");
            object.push(format_args!(
                r#"{{"schema":{},"table":{}}}"#,
                Quoted(schema),
                Quoted(table)
            ));
        }
        if let Some(identity) = self.replica_identity {
            object.member("replicaIdentity");
            object.push(Quoted(identity.name()));
        }
        object.array("added", self.added.iter().map(|column| Quoted(&column.name)));
        object.array("dropped", self.dropped.iter().map(|column| Quoted(&column.name)));
        object.array("mayBeRenamed", self.may_be_renamed.iter().map(|(from, to)| Pair(from, to)));
        object.array("retyped", self.retyped.iter().map(|column| Typed(column)));
        for (name, before) in [("order", &self.order), ("key", &self.key)] {
            if let Some(before) = before {
                object.list(name, before.iter().copied().map(Quoted));
            }
        }
        object.end()
    }
}

/// An object that is being written.
#[derive(Default)]
struct Object {
    text: String,
}

impl Object {
    /// Begins a member; its value is pushed next.
    fn member(&mut self, name: &str) {
        self.push(if self.text.is_empty() { '{' } else { ',' });
        self.push(Quoted(name));
        self.push(':');
    }

    fn push(&mut self, json: impl Display) {
        // Writing to memory cannot fail.
        let _ = write!(self.text, "{json}");
    }

    /// A member that is left out when it has no items.
    fn array(&mut self, name: &str, items: impl ExactSizeIterator<Item = impl Display>) {
        if items.len() > 0 {
            self.list(name, items);
        }
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = impl Display>) {
        self.member(name);
        self.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.push(',');
            }
            self.push(item);
        }
        self.push(']');
    }

    fn end(mut self) -> String {
        self.push(if self.text.is_empty() { "{}" } else { "}" });
        self.text
    }
}

struct Pair<'a>(&'a Column, &'a Column);

impl Display for Pair<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, r#"{{"from":{},"to":{}}}"#, Quoted(&self.0.name), Quoted(&self.1.name))
    }
}

struct Typed<'a>(&'a Column);

impl Display for Typed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Column { name, type_oid, type_modifier, .. } = self.0;
        let name = Quoted(name);
        write!(f, r#"{{"name":{name},"type":{type_oid},"typmod":{type_modifier}}}"#)
    }
}

/// A text as a JSON string, escaped as `JSON.stringify` does it: only where JSON demands it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\0'..'\u{20}' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}
