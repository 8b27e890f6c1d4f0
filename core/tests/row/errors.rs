//! What errors say.

use serde::Deserialize;
use walscope_core::Oid;
use walscope_core::row::{Row, RowErrorKind};
use walscope_core::value::types;

use crate::{Binary, Text, insert, message, read, relation, row};

#[test]
fn errors_name_table_column_type_and_value() {
    let error = read::<i16>(types::INT4, Text("70000")).unwrap_err();
    assert_eq!(error.to_string(), "public.t, column \"c\" (int4): expected i16, found '70000'");
    assert_eq!(error.kind(), RowErrorKind::Value);
    assert_eq!((error.relation(), error.column()), ("public.t", Some("c")));
    assert_eq!((error.type_oid(), error.value()), (Some(types::INT4), Some("70000")));
    for (type_oid, name) in
        [(Oid(1007), "int4[]"), (types::CHAR, "char"), (Oid(16400), "type 16400")]
    {
        let error = read::<bool>(type_oid, Text("{")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("public.t, column \"c\" ({name}): ")), "{error}");
    }
}

#[test]
fn long_values_are_shortened() {
    let error = read::<i32>(types::TEXT, Text(&"é".repeat(61))).unwrap_err();
    assert_eq!(error.value(), Some(format!("{}…", "é".repeat(60)).as_str()));
    let error = read::<i32>(types::TEXT, Text(&"é".repeat(60))).unwrap_err();
    assert_eq!(error.value(), Some("é".repeat(60).as_str()));
    let error = read::<i32>(types::BYTEA, Binary(&[0xAB; 1000])).unwrap_err();
    assert_eq!(error.value(), Some(format!("\\x{}…", "ab".repeat(29)).as_str()));
}

#[test]
fn values_that_are_none_of_their_type() {
    let error = read::<i32>(types::INT4, Text("12a")).unwrap_err();
    assert!(
        error.to_string().ends_with("text is not a value of its type at byte 0, found '12a'"),
        "{error}"
    );
    let error = read::<i32>(types::INT4, Binary(&[1, 2])).unwrap_err();
    assert!(error.to_string().ends_with(", found '\\x0102'"), "{error}");
    // Text is PostgreSQL's, whatever it says.
    assert_eq!(read::<String>(types::INT4, Text("12a")).unwrap(), "12a");
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is never made")]
struct Missing {
    id: i32,
    gone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is never made")]
struct Denying {
    id: i32,
}

#[derive(Debug)]
struct Percentage;

impl<'de> Deserialize<'de> for Percentage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            0..=100 => Ok(Self),
            _ => Err(serde::de::Error::custom("a percentage is at most 100")),
        }
    }
}

#[test]
fn what_the_type_says_itself() {
    let relation = relation(&[("id", types::INT4), ("more", types::INT4)]);
    let bytes = insert(&[Text("1"), Text("130")]);
    let row = row(&relation, &bytes);
    let error = row.deserialize::<Missing>().unwrap_err();
    assert_eq!(error.kind(), RowErrorKind::MissingColumn);
    assert_eq!(error.to_string(), "public.t: there is no column \"gone\", which a field asks for");
    let error = row.deserialize::<Denying>().unwrap_err();
    assert_eq!(error.kind(), RowErrorKind::UnknownColumn);
    assert!(error.to_string().starts_with("public.t: column \"more\" has no field"));
    let error = row.deserialize::<(Percentage, Percentage)>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "public.t, column \"more\" (int4): a percentage is at most 100, found '130'"
    );
}

#[test]
fn a_row_of_another_relation_is_refused() {
    let relation = relation(&[("id", types::INT4)]);
    let bytes = insert(&[Text("1"), Text("2")]);
    let walscope_core::pgoutput::Message::Insert(insert) = message(&bytes) else { panic!() };
    let error = Row::new(&relation, insert.new).deserialize::<Vec<i32>>().unwrap_err();
    assert_eq!(error.to_string(), "public.t: a row of 2 columns for a relation of 1");
}
