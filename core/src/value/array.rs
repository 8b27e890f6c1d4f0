//! Arrays in PostgreSQL's text form: `{1,NULL,"a \"b\""}`, nested by dimension, with bounds before
//! them where an array does not begin at 1: `[0:1]={1,2}`.
//!
//! `array_out` in `src/backend/utils/adt/arrayfuncs.c`.

use core::fmt;

use super::invalid;
use crate::error::Result;
use crate::types::Oid;

/// An array, checked when it was made, so that walking it cannot fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayText<'a> {
    element_type: Oid,
    bounds: &'a str,
    body: &'a str,
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
    Element(ArrayElement<'a>),
}

/// An element's text, which may hold backslashes that are not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayElement<'a> {
    text: &'a str,
}

impl<'a> ArrayElement<'a> {
    /// The characters of the element.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        let mut escaped = false;
        self.text.chars().filter(move |&char| {
            escaped = char == '\\' && !escaped;
            !escaped
        })
    }

    /// The element as it stands, where it needs no unescaping.
    pub fn plain(&self) -> Option<&'a str> {
        (!self.text.contains('\\')).then_some(self.text)
    }
}

impl<'a> ArrayText<'a> {
    pub(super) fn new(element_type: Oid, text: &'a str) -> Result<Self> {
        let (bounds, body) = match text.split_once('=') {
            Some((bounds, body)) if bounds.starts_with('[') => (bounds, body),
            _ => ("", text),
        };
        let array = Self { element_type, bounds, body };
        let mut walk = array.iter();
        let mut depth = 0_usize;
        let mut last = None;
        while let Some(event) = walk.step().map_err(|()| invalid("array"))? {
            match event {
                ArrayEvent::Open => depth = depth.saturating_add(1),
                ArrayEvent::Close => {
                    depth = depth.checked_sub(1).ok_or_else(|| invalid("array"))?;
                }
                _ if depth == 0 => return Err(invalid("array")),
                _ => {}
            }
            last = Some(event);
            if depth == 0 && !walk.rest.is_empty() {
                return Err(invalid("array"));
            }
        }
        if depth == 0 && last == Some(ArrayEvent::Close) {
            Ok(array)
        } else {
            Err(invalid("array"))
        }
    }

    /// The type of the elements.
    pub const fn element_type(&self) -> Oid {
        self.element_type
    }

    /// Lower and upper bounds as PostgreSQL wrote them, such as `[0:1]`; empty when all dimensions
    /// begin at 1.
    pub const fn bounds(&self) -> &'a str {
        self.bounds
    }

    /// Walks the array.
    pub const fn iter(&self) -> ArrayEvents<'a> {
        ArrayEvents { rest: self.body }
    }
}

impl fmt::Display for ArrayText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.bounds.is_empty() {
            write!(f, "{}=", self.bounds)?;
        }
        f.write_str(self.body)
    }
}

impl<'a> IntoIterator for &ArrayText<'a> {
    type Item = ArrayEvent<'a>;
    type IntoIter = ArrayEvents<'a>;

    fn into_iter(self) -> ArrayEvents<'a> {
        self.iter()
    }
}

/// Walks an array.
#[derive(Clone, Debug)]
pub struct ArrayEvents<'a> {
    rest: &'a str,
}

impl<'a> ArrayEvents<'a> {
    /// The next event; `Err` where the text is no array.
    fn step(&mut self) -> core::result::Result<Option<ArrayEvent<'a>>, ()> {
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let event = match first {
            '{' => {
                self.advance(1);
                return Ok(Some(ArrayEvent::Open));
            }
            '}' => {
                self.advance(1);
                ArrayEvent::Close
            }
            '"' => {
                let text = self.quoted().ok_or(())?;
                ArrayEvent::Element(ArrayElement { text })
            }
            _ => {
                let end = self.rest.find([',', '{', '}', '"']).ok_or(())?;
                let text = self.rest.get(..end).unwrap_or_default();
                self.advance(end);
                match text {
                    "" => return Err(()),
                    "NULL" => ArrayEvent::Null,
                    _ => ArrayEvent::Element(ArrayElement { text }),
                }
            }
        };
        // Behind a value or a dimension comes a comma with another, or the end of one.
        match self.rest.as_bytes() {
            [b',', b'}' | b',', ..] | [b','] => Err(()),
            [b',', ..] => {
                self.advance(1);
                Ok(Some(event))
            }
            [b'}', ..] | [] => Ok(Some(event)),
            _ => Err(()),
        }
    }

    /// The text between quotation marks, still escaped.
    fn quoted(&mut self) -> Option<&'a str> {
        let body = self.rest.get(1..)?;
        let mut escaped = false;
        let end = body.find(|char| {
            let ends = char == '"' && !escaped;
            escaped = char == '\\' && !escaped;
            ends
        })?;
        self.rest = body.get(end.checked_add(1)?..)?;
        body.get(..end)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

impl<'a> Iterator for ArrayEvents<'a> {
    type Item = ArrayEvent<'a>;

    fn next(&mut self) -> Option<ArrayEvent<'a>> {
        self.step().ok().flatten()
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    extern crate alloc;
    use super::*;
    use crate::value::types::TEXT;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// An array written with round brackets, so that a test reads as the structure it checks.
    fn structure(text: &str) -> Option<String> {
        let array = ArrayText::new(TEXT, text).ok()?;
        let mut out = String::new();
        for event in &array {
            match event {
                ArrayEvent::Open => out.push('('),
                ArrayEvent::Close => out.push(')'),
                ArrayEvent::Null => out.push_str("<null>"),
                ArrayEvent::Element(element) => {
                    out.push('<');
                    out.extend(element.chars());
                    out.push('>');
                }
            }
        }
        Some(out)
    }

    #[test]
    fn elements_nulls_and_dimensions() {
        for (text, expected) in [
            ("{}", "()"),
            ("{1,2}", "(<1><2>)"),
            ("{NULL,\"NULL\",null}", "(<null><NULL><null>)"),
            ("{{a,b},{c,d}}", "((<a><b>)(<c><d>))"),
            (r#"{"a \"b\"","c\\d","",","}"#, r#"(<a "b"><c\d><><,>)"#),
            ("[0:1]={7,8}", "(<7><8>)"),
            ("{é,\"}\"}", "(<é><}>)"),
        ] {
            assert_eq!(structure(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(ArrayText::new(TEXT, "[0:1]={7,8}").unwrap().bounds(), "[0:1]");
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let cases =
            ["", "1", "{", "}", "{1", "{1}2", "{1,}", "{,1}", "{\"a}", "{}{}", "{a\"b\"}", "{1}}"];
        let accepted: Vec<_> = cases.iter().filter(|text| structure(text).is_some()).collect();
        assert!(accepted.is_empty(), "{accepted:?}");
    }
}
