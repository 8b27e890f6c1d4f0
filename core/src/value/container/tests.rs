extern crate alloc;
use super::*;
use crate::value::{Field, UserType, types};
use alloc::string::ToString;
use alloc::vec::Vec;

const MOOD: Oid = Oid(20_000);
const MOODS: Oid = Oid(20_001);
const PAIR: Oid = Oid(20_002);
const PAIRS: Oid = Oid(20_003);
const AGE: Oid = Oid(20_004);
const NESTED: Oid = Oid(20_005);
const UNKNOWN: Oid = Oid(29_999);

fn table() -> TypeTable {
    let user_type = |oid, kind, fields: &[(&str, Oid)]| UserType {
        oid,
        schema: "public".into(),
        name: "t".into(),
        kind,
        fields: fields
            .iter()
            .map(|&(name, type_oid)| Field { name: name.into(), type_oid })
            .collect(),
    };
    [
        user_type(MOOD, TypeKind::Enum, &[]),
        user_type(MOODS, TypeKind::Array { element: MOOD, delimiter: ',' }, &[]),
        user_type(PAIR, TypeKind::Composite, &[("a", types::INT4), ("b", types::TEXT)]),
        user_type(PAIRS, TypeKind::Array { element: PAIR, delimiter: ',' }, &[]),
        user_type(AGE, TypeKind::Domain { base: types::INT4 }, &[]),
        user_type(NESTED, TypeKind::Composite, &[("age", AGE), ("pairs", PAIRS)]),
    ]
    .into_iter()
    .collect()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::from(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
    out
}

fn composite(fields: &[(Oid, Option<&[u8]>)]) -> Vec<u8> {
    let mut out = Vec::from(u32::try_from(fields.len()).unwrap().to_be_bytes());
    for (type_oid, value) in fields {
        out.extend(type_oid.0.to_be_bytes());
        out.extend(value.map_or_else(|| Vec::from([0xFF; 4]), sized));
    }
    out
}

fn array(element: Oid, elements: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let count = u32::try_from(elements.len()).unwrap();
    for number in [1, 0, element.0, count, 1] {
        out.extend(number.to_be_bytes());
    }
    out.extend(elements.iter().flat_map(|element| sized(element)));
    out
}

/// The text of a binary value; `None` where it has no decoder.
fn text(types: &TypeTable, type_oid: Oid, bytes: &[u8]) -> Option<alloc::string::String> {
    match types.value_from_binary(type_oid, bytes).unwrap() {
        Value::Bytes(_) => None,
        value => Some(value.to_string()),
    }
}

#[test]
fn values_in_values_are_quoted_at_every_level() {
    let types = table();
    let one = composite(&[(types::INT4, Some(&[0, 0, 0, 1])), (types::TEXT, Some(b"a \"b\""))]);
    let two = composite(&[(types::INT4, None), (types::TEXT, Some(b""))]);
    let pairs = array(PAIR, &[&one, &two]);
    let nested = composite(&[(AGE, Some(&[0, 0, 0, 7])), (PAIRS, Some(&pairs))]);
    let expected = r#"(7,"{""(1,\\""a \\""\\""b\\""\\""\\"")"",""(,\\""\\"")""}")"#;
    assert_eq!(text(&types, NESTED, &nested).as_deref(), Some(expected));
    let parsed = types.value_from_text(NESTED, expected.as_bytes()).unwrap();
    assert_eq!(parsed, types.value_from_binary(NESTED, &nested).unwrap());
    let Value::Composite(parsed) = parsed else { panic!("{parsed:?}") };
    let fields: Vec<_> = parsed.fields().collect();
    let names: Vec<_> = fields.iter().map(|field| (field.name, field.type_oid)).collect();
    assert_eq!(names, [(Some("age"), Some(AGE)), (Some("pairs"), Some(PAIRS))]);
    let Some(Part::Text(inner)) = fields.last().unwrap().value else { panic!("{fields:?}") };
    assert_eq!(Some(inner.to_string()), text(&types, PAIRS, &pairs));
}

#[test]
fn composites_of_text() {
    let types = table();
    let fields = |text: &'static str| {
        let value = types.value_from_text(PAIR, text.as_bytes()).ok()?;
        let Value::Composite(composite) = value else { panic!("{value:?}") };
        let fields = composite.fields().map(|field| match field.value {
            Some(Part::Text(text)) => alloc::format!("<{text}>"),
            None => "null".to_string(),
            other => alloc::format!("{other:?}"),
        });
        Some(fields.collect::<Vec<_>>().join(""))
    };
    for (text, expected) in [
        ("(1,a)", "<1><a>"),
        ("(,)", "nullnull"),
        (r#"("","a""b\\c")"#, r#"<><a"b\c>"#),
        ("()", "null"),
        // The type may have got fields since the table was made.
        ("(1,2,3)", "<1><2><3>"),
    ] {
        assert_eq!(fields(text).as_deref(), Some(expected), "{text}");
    }
    for text in ["", "(", "(1", "(1,", "1,2)", "(1,2)x", "(\"1)", "(1)(2)"] {
        assert_eq!(fields(text), None, "{text}");
    }
}

#[test]
fn what_has_a_part_without_a_decoder_has_none() {
    let types = table();
    let known = composite(&[(MOOD, Some(b"sad"))]);
    assert_eq!(text(&types, PAIR, &known).as_deref(), Some("(sad)"));
    let unknown = composite(&[(MOOD, Some(b"sad")), (UNKNOWN, Some(b"x"))]);
    assert_eq!(text(&types, PAIR, &unknown), None);
    assert_eq!(text(&types, PAIRS, &array(PAIR, &[&known, &unknown])), None);
    assert_eq!(text(TypeTable::BUILT_IN, PAIR, &known), None);
    // The table says that the elements are of another type.
    assert_eq!(text(&types, MOODS, &array(types::INT4, &[&[0, 0, 0, 1]])), None);
    assert_eq!(text(&types, MOODS, &array(MOOD, &[b"sad"])).as_deref(), Some("{sad}"));
}

/// Turns red without the walk over the outer types in `Nesting::with`.
#[test]
fn a_value_within_its_own_type_is_not_decoded() {
    let types = table();
    let mut bytes = composite(&[(types::TEXT, Some(b"\""))]);
    for _ in 0..20 {
        bytes = composite(&[(PAIR, Some(&bytes))]);
    }
    assert_eq!(text(&types, PAIR, &bytes), None);
}

#[test]
fn parts_are_checked_by_their_types() {
    let types = table();
    let wrong = composite(&[(types::INT4, Some(&[0, 1]))]);
    assert!(types.value_from_binary(PAIR, &wrong).is_err());
    assert!(types.value_from_binary(AGE, &[0]).is_err());
    assert!(types.value_from_binary(MOOD, &[0xFF]).is_err());
    let whole = composite(&[(types::INT4, Some(&[0, 0, 0, 1])), (types::TEXT, None)]);
    for end in 0..whole.len() {
        assert!(types.value_from_binary(PAIR, whole.get(..end).unwrap()).is_err(), "cut at {end}");
    }
}
