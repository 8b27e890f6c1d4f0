//! Both forms of a value of each type as PostgreSQL 18 wrote them, what is made of them, and what
//! is said of damaged ones. All values of all servers are compared in the tests of this repository
//! that start servers.

extern crate alloc;

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::samples::WRITTEN;
use super::{Date, Interval, NumericKind, Value, types};
use crate::error::{ErrorKind, Result};

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits =
        |pair: &[u8]| char::from(pair[0]).to_digit(16).zip(char::from(pair[1]).to_digit(16));
    let byte = |pair: &[u8]| u8::try_from(digits(pair).map(|(high, low)| high << 4 | low)?).ok();
    hex.as_bytes().chunks(2).filter_map(byte).collect()
}

#[test]
fn both_forms_are_one_value() {
    for (type_oid, hex, text) in WRITTEN {
        let bytes = bytes_of(hex);
        let from_binary = Value::from_binary(type_oid, &bytes);
        assert_eq!(from_binary, Value::from_text(type_oid, text.as_bytes()), "{text}");
        assert_eq!(from_binary.map(|value| value.to_string()), Ok(text.into()));
    }
}

/// Red without `reader.finish` in `fixed`, for one.
#[test]
fn a_value_that_is_cut_or_too_long_is_an_error() {
    for (type_oid, hex, text) in WRITTEN {
        let mut bytes = bytes_of(hex);
        if type_oid != types::JSONB {
            for end in 0..bytes.len() {
                let cut = Value::from_binary(type_oid, &bytes[..end]);
                assert!(cut.is_err(), "{text}, {end} bytes: {cut:?}");
            }
        }
        let length = bytes.len() as u64;
        bytes.push(0xFF);
        let error =
            Value::from_binary(type_oid, &bytes).map_err(|error| (error.kind(), error.offset()));
        if type_oid == types::JSONB {
            assert_eq!(error, Err((ErrorKind::Utf8, length)));
        } else {
            assert_eq!(error, Err((ErrorKind::TrailingBytes { left: 1 }, length)), "{text}");
        }
    }
}

#[test]
fn a_changed_byte_gives_a_value_or_an_error() {
    let mut errors = 0;
    for (type_oid, hex, _) in WRITTEN {
        let mut bytes = bytes_of(hex);
        for place in 0..bytes.len() {
            for change in 1..=u8::MAX {
                bytes[place] ^= change;
                match Value::from_binary(type_oid, &bytes) {
                    Ok(value) => assert!(!format!("{value:?} {value}").is_empty()),
                    Err(error) => {
                        errors += 1;
                        assert!(error.offset() <= bytes.len() as u64, "{error}");
                    }
                }
                bytes[place] ^= change;
            }
        }
    }
    assert!(errors > 1000, "{errors}");
}

#[test]
fn an_error_names_the_type_and_the_place() {
    for (type_oid, hex, expected) in [
        (types::INT4, "0000", "int4: unexpected end of input at byte 2 (2 more bytes are needed)"),
        (
            types::NUMERIC,
            "0001000000000000",
            "numeric: unexpected end of input at byte 8 (2 more bytes are needed)",
        ),
        // A word of 10000, a scale of 16384, an unknown sign.
        (
            types::NUMERIC,
            "00020000000000000001 2710",
            "numeric: bytes are not a value of their type at byte 10",
        ),
        (
            types::NUMERIC,
            "00010000000040000001",
            "numeric: bytes are not a value of their type at byte 6",
        ),
        (
            types::NUMERIC,
            "00000000123400000001",
            "numeric: 2 bytes follow the end of the message at byte 8",
        ),
        (
            types::NUMERIC,
            "0000000012340000",
            "numeric: bytes are not a value of their type at byte 4",
        ),
        (types::TIME, "000000141dd76001", "time: bytes are not a value of their type at byte 0"),
        (
            types::TIMETZ,
            "00000000000000008000 0000",
            "timetz: bytes are not a value of their type at byte 8",
        ),
        (types::VARBIT, "ffffffff", "varbit: invalid length -1 at byte 0"),
        (
            types::VARBIT,
            "7fffffff",
            "varbit: unexpected end of input at byte 4 (268435456 more bytes are needed)",
        ),
        (types::INET, "04200004c0a80001", "inet: invalid value 0x04 at byte 0"),
        (types::INET, "02210004c0a80001", "inet: invalid value 0x21 ('!') at byte 1"),
        (types::CIDR, "02200110c0a80001", "cidr: invalid length 16 at byte 3"),
        (types::POLYGON, "00000000", "polygon: invalid length 0 at byte 0"),
        (
            types::POLYGON,
            "7fffffff",
            "polygon: unexpected end of input at byte 4 (34359738352 more bytes are needed)",
        ),
        (types::TSVECTOR, "7fffffff", "tsvector: text without its terminating zero byte at byte 4"),
        (types::TSVECTOR, "0000000161ff00", "tsvector: text is not valid UTF-8 at byte 5"),
        // An operand more than the operators have, one less, an unknown operator.
        (
            types::TSQUERY,
            "0000000201000061000100006100",
            "tsquery: bytes are not a value of their type at byte 9",
        ),
        (types::TSQUERY, "000000010202", "tsquery: bytes are not a value of their type at byte 6"),
        (types::TSQUERY, "000000010205", "tsquery: invalid value 0x05 at byte 5"),
        (
            types::OIDVECTOR,
            "0000000100000000000000170000000000000000",
            "oidvector: bytes are not a value of their type at byte 4",
        ),
        (
            types::OIDVECTOR,
            "0000000100000000 0000001a ffffffff 00000000",
            "oidvector: invalid length -1 at byte 12",
        ),
        (types::JSONB, "027b7d", "jsonb: invalid value 0x02 at byte 0"),
        (types::TEXT, "61ff", "text: text is not valid UTF-8 at byte 1"),
    ] {
        let bytes = bytes_of(&hex.replace(' ', ""));
        let error = Value::from_binary(type_oid, &bytes).map_err(|error| error.to_string());
        assert_eq!(error, Err(expected.into()), "{hex}");
    }
}

/// Red without the comparison with `MAX_DEPTH` in `TsQuery::from_binary`: a longer query would end
/// the stack.
#[test]
fn a_query_nested_deeply_to_the_right_stays_bytes() {
    for (depth, is_read) in [(64, true), (65, false)] {
        let operators = b"\x02\x02".repeat(depth - 1);
        let operands = b"\x01\0\0a\0".repeat(depth);
        let count = u32::try_from(2 * depth - 1).unwrap().to_be_bytes();
        let bytes = [count.as_slice(), &operators, &operands].concat();
        let value = Value::from_binary(types::TSQUERY, &bytes);
        assert_eq!(matches!(value, Ok(Value::TsQuery(_))), is_read, "{depth}");
        assert_eq!(value == Ok(Value::Bytes(&bytes)), !is_read, "{depth}");
    }
}

#[test]
fn what_postgresql_does_not_write_is_refused() {
    for (type_oid, text) in [
        (types::BOOL, "true"),
        (types::INT4, "2147483648"),
        (types::INT4, ""),
        (types::INT4, "+1"),
        (types::FLOAT8, "infinity"),
        (types::FLOAT8, "nan"),
        (types::NUMERIC, "1."),
        (types::NUMERIC, ".5"),
        (types::NUMERIC, "1e5"),
        (types::NUMERIC, "--1"),
        (types::MONEY, "1.00"),
        (types::MONEY, "$1.0"),
        (types::CHAR, "ab"),
        (types::CHAR, "\\12"),
        (types::CHAR, "\\418"),
        (types::BYTEA, "abc"),
        (types::UUID, "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
        (types::DATE, "2024-02-30"),
        (types::DATE, "0000-01-01"),
        (types::DATE, "24-01-01"),
        (types::DATE, "01.02.2024"),
        (types::TIME, "24:00:00.000001"),
        (types::TIME, "1:2:3"),
        (types::TIMETZ, "12:00:00"),
        (types::TIMESTAMP, "2024-01-01T00:00:00"),
        (types::TIMESTAMPTZ, "2024-01-01 00:00:00"),
        (types::INTERVAL, "P1D"),
        (types::INTERVAL, "00:00:00 1 day"),
        (types::BIT, "012"),
        (types::INET, "1.2.3.4/33"),
        (types::CIDR, "1.2.3"),
        (types::MACADDR, "08:00:2b:01:02"),
        (types::MACADDR8, "08:00:2b:01:02:03:04:05:06"),
        (types::PG_LSN, "0"),
        (types::TID, "(1,2,3)"),
        (types::POINT, "(1,2"),
        (types::LINE, "{1,2}"),
        (types::PATH, "((0,0),)"),
        (types::CIRCLE, "<(0,0)>"),
        (types::PG_SNAPSHOT, "1:2"),
        (types::INT2VECTOR, "1  2"),
    ] {
        let error = Value::from_text(type_oid, text.as_bytes()).map_err(|error| error.kind());
        assert_eq!(error, Err(ErrorKind::InvalidText), "{type_oid} {text}");
    }
    let error = Value::from_text(types::TEXT, b"ab\xFF").map_err(|error| error.offset());
    assert_eq!(error, Err(2));
}

#[test]
fn a_char_of_the_upper_half_came_as_it_is_before_16() {
    assert_eq!(Value::from_text(types::CHAR, b"\xE9"), Ok(Value::Char(0xE9)));
    assert_eq!(Value::from_text(types::CHAR, b""), Ok(Value::Char(0)));
    assert_eq!(Value::from_text(types::CHAR, b"\\"), Ok(Value::Char(b'\\')));
}

/// A `numeric` from its text and, where it was given, from its binary form.
fn numerics<'a>(text: &'a str, bytes: &'a [u8]) -> impl Iterator<Item = super::Numeric<'a>> {
    let values: [Result<Value<'a>>; 2] = [
        Value::from_text(types::NUMERIC, text.as_bytes()),
        Value::from_binary(types::NUMERIC, bytes),
    ];
    values.into_iter().map(|value| match value {
        Ok(Value::Numeric(numeric)) => numeric,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_numeric_says_what_it_holds() {
    let bytes = bytes_of("000300014000000504d2162e2334");
    for numeric in numerics("-12345678.90120", &bytes) {
        assert_eq!((numeric.kind(), numeric.is_negative()), (NumericKind::Finite, true));
        assert!(numeric.digits().eq([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 0]));
        assert_eq!(numeric.unscaled(), Some((-1_234_567_890_120, 5)));
        assert_eq!(numeric.to_i128(), None);
        assert_eq!(numeric.to_f64(), -12_345_678.901_2);
    }
    // 10^8 with a scale of 2.
    for numeric in numerics("100000000.00", &bytes_of("00010002000000020001")) {
        assert_eq!(numeric.to_i128(), Some(100_000_000));
        assert_eq!(numeric.unscaled(), Some((10_000_000_000, 2)));
        assert_eq!(numeric.to_f64(), 1e8);
    }
    for numeric in numerics("Infinity", &bytes_of("00000000d0000020")) {
        assert_eq!(numeric.kind(), NumericKind::Infinity);
        assert_eq!((numeric.unscaled(), numeric.to_i128()), (None, None));
        assert_eq!(numeric.to_f64(), f64::INFINITY);
    }
    // 10^400 is too much for either.
    for numeric in numerics(&format!("1{}", "0".repeat(400)), &bytes_of("00010064000000000001")) {
        assert_eq!((numeric.to_i128(), numeric.to_f64()), (None, f64::INFINITY));
    }
    let lowest = i128::MIN.to_string();
    let Ok(Value::Numeric(lowest)) = Value::from_text(types::NUMERIC, lowest.as_bytes()) else {
        panic!();
    };
    assert_eq!(lowest.to_i128(), Some(i128::MIN));
}

#[test]
fn a_numeric_of_many_words_becomes_the_nearest_double() {
    // Just above the middle between 1 and the next number, and so far behind the point that only
    // whether there is anything counts.
    let middle = "1.00000000000000011102230246251565404236316680908203125";
    for (tail, expected) in [("", 1.0), ("1", 1.0_f64.next_up())] {
        let zeros = if tail.is_empty() { 0 } else { 4 * 300 };
        let text = format!("{middle}{}{tail}", "0".repeat(zeros));
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let mut bytes = Vec::new();
        let words: Vec<u16> = fraction
            .as_bytes()
            .chunks(4)
            .map(|word| {
                (0..4).fold(0, |sum, at| {
                    sum * 10 + u16::from(word.get(at).map_or(0, |digit| digit & 0xF))
                })
            })
            .collect();
        let count = u16::try_from(words.len() + 1).unwrap();
        let scale = u16::try_from(fraction.len()).unwrap();
        bytes.extend([count, 0, 0, scale, 1].iter().flat_map(|field| field.to_be_bytes()));
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        for numeric in numerics(&text, &bytes) {
            assert_eq!(numeric.to_string(), text);
            assert_eq!(numeric.to_f64(), expected);
        }
    }
}

#[test]
fn dates_times_and_addresses_say_their_parts() {
    let value = |type_oid, text: &'static str| Value::from_text(type_oid, text.as_bytes());
    let Ok(Value::Date(date)) = value(types::DATE, "0044-03-15 BC") else { panic!() };
    assert_eq!(date.year_month_day(), Some((-43, 3, 15)));
    assert_eq!(Date::INFINITY.year_month_day(), None);
    let Ok(Value::TimeTz(time)) = value(types::TIMETZ, "12:34:56.7-05:30:15") else { panic!() };
    assert_eq!(time.time().hour_minute_second(), (12, 34, 56, 700_000));
    assert_eq!(time.utc_offset(), -(5 * 3600 + 30 * 60 + 15));
    let there = value(types::TIMESTAMPTZ, "2024-01-01 05:30:00+05:30");
    assert_eq!(there, value(types::TIMESTAMPTZ, "2024-01-01 00:00:00+00"));
    let interval = Interval { months: -14, days: 3, micros: -14_706_700_000 };
    let text = "-1 years -2 mons +3 days -04:05:06.7";
    assert_eq!(value(types::INTERVAL, text), Ok(Value::Interval(interval)));
    assert!(!Interval::INFINITY.is_finite() && interval.is_finite());
    let Ok(Value::Inet(inet)) = value(types::INET, "::ffff:1.2.3.4/96") else { panic!() };
    assert_eq!(inet.address(), IpAddr::from([0, 0, 0, 0, 0, 0xFFFF, 0x0102, 0x0304]));
    assert_eq!((inet.prefix(), inet.is_cidr()), (96, false));
    assert_ne!(value(types::INET, "10.0.0.0/8"), value(types::CIDR, "10.0.0.0/8"));
}
