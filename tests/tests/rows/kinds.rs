//! A table with a column of every kind.

use serde::Deserialize;
use walscope::Json;
use walscope_core::value::Date;
use walscope_core::{Lsn, Oid, Timestamp, Xid};
use walscope_tests::Server;

use crate::{MAJORS, create_slot, each_row, start};

const SQL: &str = "
    CREATE TYPE mood AS ENUM ('happy', 'so so');
    CREATE DOMAIN percentage AS int CHECK (VALUE <= 100);
    CREATE TABLE t (id int PRIMARY KEY, truth bool, i2 int2, i8 int8, o oid, x xid, f4 float4,
      f8 float8, exact numeric, whole numeric(20, 0), cash money, letter \"char\", padded char(3),
      word varchar, note text, tag name, raw bytea, u uuid, day date, clock time, zoned timetz,
      at timestamp, attz timestamptz, took interval, j json, jb jsonb, bits varbit, ip inet,
      net cidr, mac macaddr, lsn pg_lsn, words tsvector, place point, span int4range, how mood,
      share percentage, ints int[], texts text[], square int[], moments timestamptz[], dtags mood,
      \"Odd Name\" text)";

const ROWS: [&str; 2] = [
    "(1, true, -32768, 9223372036854775807, 4294967295, '7', 0.1, -1e300, 12345678901234567890.1230,
      18446744073709551615, '12.34', 'x', 'ab', 'é', E'line\\n2', 'tag', '\\x00ff',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-11-22', '13:14:15.5', '13:14:15+05:30',
      '2026-11-22 13:14:15.000001', '2026-11-22 13:14:15+02', '1 day 02:03:04', '{\"a\": [1, null]}',
      '{\"a\": [1, null]}', B'1011', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '16/B374D848',
      'a fat cat', '(1.5,-2)', '[1,10)', 'so so', 99, '{1,NULL,-3}', '{\"a \\\"b\\\"\",NULL,\"\"}',
      '{{1,2},{3,4}}', '{\"2026-11-22 13:14:15+00\",infinity}', 'happy', 'odd')",
    "(2)",
];

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mood {
    Happy,
    #[serde(rename = "so so")]
    SoSo,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Share(u8);

#[derive(Debug, PartialEq, Deserialize)]
struct Document {
    a: (u8, Option<u8>),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Kinds {
    id: i64,
    truth: bool,
    i2: i16,
    i8: i64,
    o: Oid,
    x: Xid,
    f4: f32,
    f8: f64,
    exact: String,
    whole: u64,
    cash: String,
    letter: char,
    padded: String,
    word: char,
    note: String,
    tag: String,
    raw: Vec<u8>,
    u: [u8; 16],
    day: Date,
    clock: String,
    zoned: String,
    at: Timestamp,
    attz: Timestamp,
    took: String,
    j: Json<Document>,
    jb: Json<Document>,
    bits: String,
    ip: String,
    net: String,
    mac: String,
    lsn: Lsn,
    words: String,
    place: String,
    span: String,
    how: Mood,
    share: Share,
    ints: Vec<Option<i32>>,
    texts: Vec<Option<String>>,
    square: [[i8; 2]; 2],
    moments: Vec<Timestamp>,
    #[serde(rename = "dtags")]
    renamed: Option<Mood>,
    #[serde(rename = "Odd Name")]
    odd: String,
    #[serde(default)]
    nowhere: u8,
}

/// What the server says of a time: microseconds since 2000.
fn micros(server: &Server, of: &str) -> Timestamp {
    let sql = format!(
        "SELECT (extract(epoch FROM {of} - '2000-01-01')::numeric * 1000000)::bigint
         FROM t WHERE id = 1"
    );
    Timestamp(server.value(&sql).parse().unwrap())
}

fn expected(server: &Server) -> Kinds {
    let text = |column: &str| {
        server.value(&format!("SET TimeZone = 'UTC'; SELECT {column}::text FROM t WHERE id = 1"))
    };
    let number = |sql: &str| server.value(&format!("SELECT {sql} FROM t WHERE id = 1"));
    Kinds {
        id: 1,
        truth: true,
        i2: i16::MIN,
        i8: i64::MAX,
        o: Oid(u32::MAX),
        x: Xid(7),
        f4: 0.1,
        f8: -1e300,
        exact: text("exact"),
        whole: u64::MAX,
        cash: text("cash"),
        letter: 'x',
        padded: "ab ".into(),
        word: 'é',
        note: "line\n2".into(),
        tag: "tag".into(),
        raw: vec![0, 255],
        u: 0xa0eebc99_9c0b_4ef8_bb6d_6bb9bd380a11_u128.to_be_bytes(),
        day: Date(number("day - '2000-01-01'::date").parse().unwrap()),
        clock: text("clock"),
        zoned: text("zoned"),
        at: micros(server, "at"),
        attz: micros(server, "(attz AT TIME ZONE 'UTC')"),
        took: text("took"),
        j: Json(Document { a: (1, None) }),
        jb: Json(Document { a: (1, None) }),
        bits: text("bits"),
        ip: text("ip"),
        net: text("net"),
        mac: text("mac"),
        lsn: Lsn(0x16_B374_D848),
        words: text("words"),
        place: text("place"),
        span: text("span"),
        how: Mood::SoSo,
        share: Share(99),
        ints: vec![Some(1), None, Some(-3)],
        texts: vec![Some("a \"b\"".into()), None, Some(String::new())],
        square: [[1, 2], [3, 4]],
        moments: vec![micros(server, "moments[1] AT TIME ZONE 'UTC'"), Timestamp::INFINITY],
        renamed: Some(Mood::Happy),
        odd: "odd".into(),
        nowhere: 0,
    }
}

#[test]
fn text_and_binary_give_the_struct_that_sql_says() {
    for major in MAJORS {
        let server = start(major);
        server.sql(SQL);
        create_slot(&server);
        for row in ROWS {
            server.sql(&format!("INSERT INTO t VALUES {row}"));
        }
        let expected = expected(&server);
        for binary in [false, true] {
            let (mut whole, mut empty) = (Vec::new(), Vec::new());
            each_row(&server, binary, |_, row| match row.unwrap().deserialize::<Kinds>() {
                Ok(kinds) => whole.push(kinds),
                Err(error) => empty.push(error.to_string()),
            });
            assert_eq!(
                whole,
                std::slice::from_ref(&expected),
                "PostgreSQL {major}, binary {binary}: {empty:?}"
            );
            // In the other row everything but the key is NULL.
            assert_eq!(
                empty,
                [
                    "public.t, column \"truth\" (bool): expected a boolean, found NULL: an Option takes it"
                ]
            );
        }
    }
}
