extern crate alloc;
use super::*;
use crate::value::{Value, types};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

fn from_text(text: &str) -> Result<Array<'_>> {
    Array::from_text(TypeTable::BUILT_IN, (types::TEXT, ','), text)
}

/// An array written with round brackets, so that a test reads as the structure it checks.
fn structure(array: &Array<'_>) -> String {
    let mut out = String::new();
    for event in array {
        match event {
            ArrayEvent::Open => out.push('('),
            ArrayEvent::Close => out.push(')'),
            ArrayEvent::Null => out.push_str("<null>"),
            ArrayEvent::Element(Part::Text(text)) => {
                out.push('<');
                out.extend(text.chars());
                out.push('>');
            }
            ArrayEvent::Element(Part::Binary(bytes)) => {
                out.push('<');
                out.push_str(str::from_utf8(bytes).unwrap());
                out.push('>');
            }
        }
    }
    out
}

/// A binary array of text.
fn binary(dimensions: &[(i32, i32)], elements: &[Option<&str>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(i32::try_from(dimensions.len()).unwrap().to_be_bytes());
    out.extend(i32::from(elements.contains(&None)).to_be_bytes());
    out.extend(types::TEXT.0.to_be_bytes());
    for (length, lower) in dimensions {
        out.extend(length.to_be_bytes());
        out.extend(lower.to_be_bytes());
    }
    for element in elements {
        let length = element.map_or(-1, |text| i32::try_from(text.len()).unwrap());
        out.extend(length.to_be_bytes());
        out.extend_from_slice(element.unwrap_or_default().as_bytes());
    }
    out
}

#[test]
fn elements_nulls_and_dimensions_of_text() {
    for (text, expected) in [
        ("{}", "()"),
        ("{1,2}", "(<1><2>)"),
        ("{NULL,\"NULL\",null}", "(<null><NULL><null>)"),
        ("{{a,b},{c,d}}", "((<a><b>)(<c><d>))"),
        (r#"{"a \"b\"","c\\d","",","}"#, r#"(<a "b"><c\d><><,>)"#),
        ("[0:1]={7,8}", "(<7><8>)"),
        ("{é,\"}\"}", "(<é><}>)"),
    ] {
        assert_eq!(structure(&from_text(text).unwrap()), expected, "{text}");
    }
    let boxes = Array::from_text(TypeTable::BUILT_IN, (types::TEXT, ';'), "{(1,2),(3,4);NULL}");
    assert_eq!(structure(&boxes.unwrap()), "(<(1,2),(3,4)><null>)");
}

#[test]
fn both_forms_are_the_same_array() {
    let nine =
        [Some("a b"), None, Some(""), Some("null"), Some("{"), Some("\"\\"), Some("é,"), Some("x")];
    for (dimensions, elements, text, walk) in [
        (&[][..], &[][..], "{}", "()"),
        (&[(2, 1)], &[Some("1"), None], "{1,NULL}", "(<1><null>)"),
        (&[(2, -1)], &[Some("1"), None], "[-1:0]={1,NULL}", "(<1><null>)"),
        (
            &[(2, 1), (1, 1), (4, 1)],
            &nine,
            r#"{{{"a b",NULL,"","null"}},{{"{","\"\\","é,",x}}}"#,
            "(((<a b><null><><null>))((<{><\"\\><é,><x>)))",
        ),
        (&[(1, 1), (1, 0)], &[Some("x")], "[1:1][0:0]={{x}}", "((<x>))"),
    ] {
        let bytes = binary(dimensions, elements);
        let array = Array::from_binary(TypeTable::BUILT_IN, ',', &bytes).unwrap();
        assert_eq!(array.to_string(), text);
        assert_eq!(structure(&array), walk);
        let parsed = from_text(text).unwrap();
        assert_eq!(structure(&parsed), walk);
        assert_eq!(array, parsed);
        assert!(array.lower_bounds().eq(parsed.lower_bounds()));
    }
    let bounds = from_text("[-1:0][7:7]={{1},{2}}").unwrap();
    assert!(bounds.lower_bounds().eq([-1, 7]));
}

#[test]
fn what_is_no_array_is_refused() {
    let cases =
        ["", "1", "{", "}", "{1", "{1}2", "{1,}", "{,1}", "{\"a}", "{}{}", "{a\"b\"}", "{1}}"];
    let accepted: Vec<_> = cases.iter().filter(|text| from_text(text).is_ok()).collect();
    assert!(accepted.is_empty(), "{accepted:?}");

    let whole = binary(&[(2, 1)], &[Some("a"), None]);
    for end in 0..whole.len() {
        let cut = whole.get(..end).unwrap();
        assert!(Value::from_binary(Oid(1009), cut).is_err(), "cut at {end}");
    }
    for (dimensions, elements) in [
        (&[(1, 1); 7][..], &[Some("a")][..]),
        (&[(-1, 1)], &[]),
        (&[(0, 1)], &[]),
        (&[(1, i32::MAX)], &[Some("a")]),
        // Many more elements than there are bytes: ends at the first that is missing.
        (&[(i32::MAX, 1); 6], &[]),
        (&[(1, 1)], &[Some("a"), Some("left over")]),
    ] {
        let bytes = binary(dimensions, elements);
        assert!(Value::from_binary(Oid(1009), &bytes).is_err(), "{dimensions:?}");
    }
}
