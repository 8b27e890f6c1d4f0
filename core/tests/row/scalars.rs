//! Values of one column.

use alloc::borrow::Cow;
use core::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use walscope_core::value::{Date, types};
use walscope_core::{Lsn, Oid, Timestamp, Xid};

use crate::{Binary, Null, Text, insert, read, refused, relation, row};

#[track_caller]
fn both<T: DeserializeOwned + Debug + PartialEq>(oid: Oid, text: &str, binary: &[u8], is: T) {
    assert_eq!(read::<T>(oid, Text(text)).unwrap(), is);
    assert_eq!(read::<T>(oid, Binary(binary)).unwrap(), is);
}

#[test]
fn integers_of_every_width_in_range() {
    both(types::INT4, "-5", &(-5_i32).to_be_bytes(), -5_i8);
    both(types::INT4, "-5", &(-5_i32).to_be_bytes(), -5_i128);
    both(types::INT2, "300", &300_i16.to_be_bytes(), 300_u64);
    both(types::INT8, "9223372036854775807", &i64::MAX.to_be_bytes(), i64::MAX);
    both(types::OID, "4294967295", &u32::MAX.to_be_bytes(), u32::MAX);
    both(types::XID8, "18446744073709551615", &u64::MAX.to_be_bytes(), u64::MAX);
    both(types::CHAR, "a", b"a", b'a');
    assert_eq!(refused::<i8>(types::INT4, Text("128")), "expected i8, found '128'");
    assert_eq!(
        refused::<u16>(types::INT4, Binary(&(-1_i32).to_be_bytes())),
        "expected u16, found '-1'"
    );
    assert_eq!(refused::<i32>(types::TEXT, Text("1")), "expected i32, found '1'");
    assert_eq!(refused::<i32>(types::FLOAT8, Text("1")), "expected i32, found '1'");
}

#[test]
fn numeric_is_text_or_what_it_can_be_without_loss() {
    // -1234.50
    let binary = [0, 2, 0, 0, 0x40, 0, 0, 2, 0x04, 0xD2, 0x13, 0x88];
    both(types::NUMERIC, "-1234.50", &binary, String::from("-1234.50"));
    both(types::NUMERIC, "-1234.50", &binary, -1234.5_f64);
    both(types::NUMERIC, "-1234.50", &binary, -1234.5_f32);
    assert_eq!(refused::<i64>(types::NUMERIC, Text("1.5")), "expected i64, found '1.5'");
    assert_eq!(read::<i16>(types::NUMERIC, Text("7.00")).unwrap(), 7);
    let large = "18446744073709551615";
    assert_eq!(read::<u64>(types::NUMERIC, Text(large)).unwrap(), u64::MAX);
    assert_eq!(read::<i128>(types::NUMERIC, Text(large)).unwrap(), u64::MAX.into());
    assert!(refused::<i64>(types::NUMERIC, Text(large)).starts_with("expected i64"));
    assert!(read::<f64>(types::NUMERIC, Text("NaN")).unwrap().is_nan());
    assert_eq!(read::<f64>(types::NUMERIC, Text("Infinity")).unwrap(), f64::INFINITY);
    let huge = format!("1{}", "0".repeat(400));
    assert!(refused::<f64>(types::NUMERIC, Text(&huge)).starts_with("expected f64, found '1000"));
    assert!(refused::<f32>(types::NUMERIC, Text(&huge)).starts_with("expected f32"));
}

#[test]
fn floats() {
    both(types::FLOAT8, "0.1", &0.1_f64.to_be_bytes(), 0.1_f64);
    both(types::FLOAT4, "0.1", &0.1_f32.to_be_bytes(), 0.1_f32);
    both(types::FLOAT8, "-Infinity", &f64::NEG_INFINITY.to_be_bytes(), f32::NEG_INFINITY);
    both(types::INT4, "3", &3_i32.to_be_bytes(), 3.0_f64);
    assert_eq!(refused::<f32>(types::FLOAT8, Text("1e+300")), "expected f32, found '1e+300'");
    assert!(refused::<f64>(types::TEXT, Text("0.1")).starts_with("expected f64"));
}

#[test]
fn truth_values_are_no_numbers() {
    both(types::BOOL, "t", &[1], true);
    both(types::BOOL, "f", &[0], String::from("f"));
    assert_eq!(refused::<bool>(types::INT4, Text("1")), "expected a boolean, found '1'");
    assert_eq!(refused::<u8>(types::BOOL, Text("t")), "expected u8, found 't'");
}

#[test]
fn every_type_has_its_text() {
    let at = 848_671_200_123_456_i64.to_be_bytes();
    both(
        types::TIMESTAMPTZ,
        "2026-11-22 14:00:00.123456+00",
        &at,
        "2026-11-22 14:00:00.123456+00".to_owned(),
    );
    let uuid = *b"0123456789abcdef";
    let text = "30313233-3435-3637-3839-616263646566";
    both(types::UUID, text, &uuid, text.to_owned());
    both(types::INT4, "42", &42_i32.to_be_bytes(), "42".to_owned());
    both(types::BYTEA, "\\x00ff", &[0, 255], "\\x00ff".to_owned());
    both(types::JSONB, "{\"a\": 1}", b"\x01{\"a\": 1}", "{\"a\": 1}".to_owned());
    // Longer than what fits on the stack.
    let bits = "01".repeat(50);
    let binary = [&100_i32.to_be_bytes()[..], &[0x55; 12], &[0x50]].concat();
    both(types::VARBIT, &bits, &binary, bits.clone());
}

#[test]
fn single_characters() {
    both(types::TEXT, "é", "é".as_bytes(), 'é');
    both(types::CHAR, "x", b"x", 'x');
    both(types::CHAR, "\\351", &[0xE9], "\\351".to_owned());
    assert_eq!(refused::<char>(types::TEXT, Text("ab")), "expected a character, found 'ab'");
}

#[derive(Debug, PartialEq, Deserialize)]
struct Borrowed<'a> {
    text: &'a str,
    #[serde(borrow)]
    cow: Cow<'a, str>,
    bytes: &'a [u8],
    json: Option<&'a str>,
}

#[test]
fn text_and_bytes_are_borrowed_from_the_message() {
    let relation = relation(&[
        ("text", types::TEXT),
        ("cow", types::VARCHAR),
        ("bytes", types::BYTEA),
        ("json", types::JSONB),
    ]);
    let bytes = insert(&[Text("a"), Text("b"), Binary(&[1, 2]), Binary(b"\x01{}")]);
    let found: Borrowed<'_> = row(&relation, &bytes).deserialize().unwrap();
    // What was read borrows nothing from it.
    drop(relation);
    let message = bytes.as_ptr_range();
    assert!(message.contains(&found.text.as_ptr()) && message.contains(&found.bytes.as_ptr()));
    assert!(matches!(found.cow, Cow::Borrowed("b")));
    assert_eq!(found.json, Some("{}"));
}

#[test]
fn what_lies_in_the_message_in_another_form_cannot_be_borrowed() {
    let relation = relation(&[("c", types::BYTEA)]);
    let bytes = insert(&[Text("\\x00ff")]);
    let error = row(&relation, &bytes).deserialize::<(&[u8],)>().unwrap_err();
    assert!(
        error.to_string().contains("expected a borrowed byte array, found '\\x00ff'"),
        "{error}"
    );
}

#[test]
fn bytes() {
    both(types::BYTEA, "\\x00ff", &[0, 255], vec![0_u8, 255]);
    both(
        types::UUID,
        "30313233-3435-3637-3839-616263646566",
        b"0123456789abcdef",
        *b"0123456789abcdef",
    );
    let error = refused::<[u8; 15]>(types::UUID, Binary(&[0; 16]));
    assert!(error.starts_with("invalid length 16, expected 15 elements"), "{error}");
    assert!(refused::<Vec<u8>>(types::INT4, Text("1")).starts_with("expected a sequence"));
}

#[test]
fn bytes_of_text_that_is_not_utf8() {
    let relation = relation(&[("c", types::TEXT)]);
    let mut bytes = insert(&[Text("a?")]);
    *bytes.last_mut().unwrap() = 0xFF;
    let row = row(&relation, &bytes);
    assert_eq!(row.deserialize::<(&[u8],)>().unwrap().0, b"a\xFF");
    let error = row.deserialize::<(String,)>().unwrap_err();
    assert_eq!(error.value(), Some("a\u{FFFD}"));
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Happy,
    #[serde(rename = "so so")]
    SoSo,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Id(i64);

#[test]
fn enums_and_newtypes() {
    // An enum's OID is its database's own: its label comes in both forms.
    both(Oid(16400), "happy", b"happy", Mood::Happy);
    both(Oid(16400), "so so", b"so so", Some(Mood::SoSo));
    both(types::TEXT, "happy", b"happy", Mood::Happy);
    let error = refused::<Mood>(Oid(16400), Text("sad"));
    assert_eq!(error, "expected one of 'happy', 'so so', found 'sad'");
    both(types::INT4, "7", &7_i32.to_be_bytes(), Id(7));
    both(types::INT8, "7", &7_i64.to_be_bytes(), Some(Id(7)));
    // Nobody can know what a text is whose type is not known.
    let error = refused::<String>(Oid(16400), Binary(b"happy"));
    assert!(error.contains("without a table of user types, found '\\x6861707079'"), "{error}");
}

#[test]
fn walscope_s_own_types() {
    let at = Timestamp(848_671_200_123_456);
    let binary = at.0.to_be_bytes();
    both(types::TIMESTAMPTZ, "2026-11-22 14:00:00.123456+00", &binary, at);
    both(types::TIMESTAMP, "infinity", &i64::MAX.to_be_bytes(), Some(Timestamp::INFINITY));
    both(types::DATE, "2000-01-03", &2_i32.to_be_bytes(), Date(2));
    both(types::PG_LSN, "16/B374D848", &0x16_B374_D848_u64.to_be_bytes(), Lsn(0x16_B374_D848));
    both(types::OID, "5", &5_u32.to_be_bytes(), Oid(5));
    both(types::XID, "5", &5_u32.to_be_bytes(), Xid(5));
    let error = refused::<Timestamp>(types::TEXT, Text("2026-11-22"));
    assert_eq!(error, "expected a timestamp, found '2026-11-22'");
    assert_eq!(
        refused::<Timestamp>(types::DATE, Null),
        "expected a timestamp, found NULL: an Option takes it"
    );
}
