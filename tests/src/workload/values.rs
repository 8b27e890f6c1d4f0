//! Values of PostgreSQL's types as SQL expressions, the extremes among them.
//!
//! Left out are the `reg*` types, whose binary form is a number where their text is a name, and
//! JSON's own null at the top of a document, which a line of JSON cannot tell from NULL.

use crate::random::Random;

/// A type by the name that `format_type` gives it, and texts of its values.
type Samples = (&'static str, &'static [&'static str]);

/// PostgreSQL's own types.
#[rustfmt::skip]
const BUILT_IN: &[Samples] = &[
    ("boolean", &["t", "f"]),
    ("smallint", &["0", "-1", "32767", "-32768"]),
    ("integer", &["0", "7", "2147483647", "-2147483648"]),
    ("bigint", &["0", "9007199254740993", "9223372036854775807", "-9223372036854775808"]),
    ("oid", &["0", "1", "4294967295"]),
    ("xid", &["0", "3", "4294967295"]),
    ("xid8", &["0", "18446744073709551615"]),
    ("cid", &["0", "4294967295"]),
    ("tid", &["(0,0)", "(4294967295,65535)", "(12,3)"]),
    ("real", &["0", "-0", "1.5", "1e-45", "3.4028235e+38", "NaN", "Infinity", "-Infinity", "0.1"]),
    ("double precision", &["0", "-0", "0.1", "5e-324", "1.7976931348623157e+308", "1e+20", "123456789012345680", "NaN", "Infinity", "-Infinity"]),
    ("numeric", &["0", "0.00", "1.10", "-1", "10000", "0.0001", "99999999999999999999.000000001", "1e-30", "-1e60", "1234567890123456789012345678901234567890", "NaN", "Infinity", "-Infinity"]),
    ("numeric(12,4)", &["0", "12345678.1234", "-0.0001", "NaN"]),
    ("money", &["$0.00", "-$92,233,720,368,547,758.08", "$1,234.56"]),
    ("text", &["", "plain", "it's \"quoted\"", "back\\slash", "two\nlines\ttab\r", "Grüße 😀", "\u{1}\u{7f}", "null", "{a,b}", "\u{2028}"]),
    ("character varying", &["", "x", "NULL"]),
    ("character varying(40)", &["", "forty at most", "é"]),
    ("character(10)", &["", "pad", "0123456789"]),
    ("\"char\"", &["a", "", "'"]),
    ("name", &["pg_class", "", "Name with \"quotes\""]),
    ("bytea", &["\\x", "\\x00", "\\xdeadbeef", "\\x5c27220a"]),
    ("uuid", &["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("date", &["2000-01-01", "4713-01-01 BC", "5874897-12-31", "infinity", "-infinity", "1999-12-31", "0001-01-01"]),
    ("time without time zone", &["00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.7"]),
    ("time with time zone", &["00:00:00+00", "23:59:59.999999-15:59", "12:00:00.5+05:30", "24:00:00+15:59:59"]),
    ("timestamp without time zone", &["2000-01-01 00:00:00", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity", "1999-12-31 23:59:59.5"]),
    ("timestamp with time zone", &["2026-11-22 10:00:00.123456+00", "0044-03-15 12:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "infinity", "-infinity"]),
    ("interval", &["0", "1 year 2 mons 3 days 04:05:06.789", "-1 year -2 mons +3 days -04:05:06.789", "178000000 years", "-00:00:00.000001", "1 mon -1 day"]),
    ("json", &["{\"a\": 1,\n \"a\":2.50, \"é\\u0041\": [ null, true ]}", "[]", "1e400", "{ \"s\" : \"a  b\\\" \\\\\" }"]),
    ("jsonb", &["{\"b\": [1, 2.50, null], \"a\": {\"x\": \"y  z\"}}", "[]", "\"text\"", "true", "-12345678901234567890.50"]),
    ("jsonpath", &["$", "strict $.\"a b\"[*] ? (@.x > 1.5 && !(@ like_regex \"^a\" flag \"i\"))", "$.a[0 to last].double()"]),
    ("bit(5)", &["00000", "10101", "11111"]),
    ("bit varying", &["", "1", "101010101", "1111111100000000"]),
    ("inet", &["127.0.0.1", "192.168.1.5/24", "::1", "2001:db8::ff00:42:8329/64", "::ffff:1.2.3.4"]),
    ("cidr", &["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0"]),
    ("macaddr", &["08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00"]),
    ("pg_lsn", &["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"]),
    ("tsvector", &["", "'a':1A,2B 'fat':3,4C 'it''s' 'b\\\\c':16383", "'x'"]),
    ("tsquery", &["", "'fat' & ( 'rat':AB | !'cat':* )", "'a' <-> 'b' <3> 'c'"]),
    ("point", &["(0,0)", "(1.5,-2e+30)", "(Infinity,NaN)"]),
    ("line", &["{1,-1,0}", "{0,1,2.5}"]),
    ("lseg", &["[(0,0),(1,1)]", "[(-1.5,2),(3,4)]"]),
    ("box", &["(1,1),(0,0)", "(2,3.5),(-1,-2)"]),
    ("path", &["((0,0),(1,1),(2,0))", "[(0,0),(1e-05,1)]"]),
    ("polygon", &["((0,0),(1,1),(1,0))", "((3,4))"]),
    ("circle", &["<(0,0),1>", "<(-1.5,2),0>"]),
    ("int4range", &["empty", "[1,5)", "(,)", "[10,)", "(,-3)"]),
    ("int8range", &["empty", "[-9223372036854775808,9223372036854775807)"]),
    ("numrange", &["[1.10,2.200]", "(0,1)", "(,5]", "empty"]),
    ("daterange", &["[2000-01-01,2000-02-01)", "(,infinity)", "empty"]),
    ("tsrange", &["[\"2000-01-01 00:00:00\",\"2000-01-02 00:00:00\")", "(,)"]),
    ("tstzrange", &["(\"2000-01-01 00:00:00+00\",infinity]", "empty"]),
    ("int4multirange", &["{}", "{[1,3),[5,8)}", "{(,0),[7,)}"]),
    ("nummultirange", &["{}", "{[1.0,2.00],(3,4)}"]),
    ("tstzmultirange", &["{[\"2000-01-01 00:00:00+00\",\"2000-01-02 00:00:00+00\")}", "{}"]),
    ("pg_snapshot", &["10:20:10,14,15", "1:1:"]),
    ("oidvector", &["", "1 2 4294967295"]),
    ("int2vector", &["", "1 -2 32767"]),
    ("aclitem", &["postgres=r*w/postgres", "=arwdDxt/postgres"]),
];

/// Types of the database, made by `setup.sql`.
#[rustfmt::skip]
const OF_THE_DATABASE: &[Samples] = &[
    ("public.mood", &["sad", "so, so", "it's \"fine\""]),
    ("public.positive", &["1", "2147483647"]),
    ("public.short_text", &["", "a,b", "\\\\"]),
    ("public.pair", &["(1,a)", "(,)", "(-5,\"x,\"\"y\"\" \\\\z\")", "(7,\"\")"]),
    ("public.nested", &["(t,\"(1,\"\"a b\"\")\",\"{1,NULL}\")", "(,,)"]),
    ("public.float_range", &["[1.5,2.5)", "empty", "(,)"]),
    ("public.hstore", &["", "\"a\"=>\"1\", \"b c\"=>NULL, \"d\\\"\"=>\"e\\\\f\""]),
    ("public.citext", &["", "CaSe", "Ünï"]),
];

/// Arrays in forms of their own; others are made of their elements.
const ARRAYS: &[Samples] = &[
    ("integer[]", &["{}", "[2:3]={1,2}", "{{1,2},{3,NULL}}", "[0:0][-1:0]={{5,6}}"]),
    ("text[]", &["{}", "{\"\",NULL,\"NULL\",\"a,b\",\"{\",\"\\\\\",\"\\\"\"}", "{{a},{b}}"]),
];

/// The name of a random type.
pub(super) fn random_type(random: &mut Random) -> String {
    let types = if random.percent(80) { BUILT_IN } else { OF_THE_DATABASE };
    let name = random.pick(types).0;
    if random.percent(15) && has_array(name) { format!("{name}[]") } else { name.to_owned() }
}

/// The server cannot send an array in binary form whose elements have none, and ends the stream.
fn has_array(name: &str) -> bool {
    !name.contains('(') && name != "aclitem"
}

/// All types, and an array of each, as columns of one table.
pub(super) fn every_type() -> impl Iterator<Item = String> {
    let all = BUILT_IN.iter().chain(OF_THE_DATABASE).map(|(name, _)| *name);
    all.flat_map(|name| {
        let array = has_array(name).then(|| format!("{name}[]"));
        [Some(name.to_owned()), array].into_iter().flatten()
    })
}

/// A value of that type, NULL now and then where that is allowed.
pub(super) fn value(random: &mut Random, type_name: &str, is_required: bool) -> String {
    if !is_required && random.percent(10) {
        return format!("NULL::{type_name}");
    }
    if random.percent(20)
        && let Some(value) = large(random, type_name)
    {
        return value;
    }
    if random.percent(30)
        && let Some(value) = made(random, type_name)
    {
        return value;
    }
    if let Some(samples) = samples(type_name) {
        let sample: &&str = random.pick(samples);
        return literal(sample, type_name);
    }
    match type_name.strip_suffix("[]") {
        Some(element) => {
            let count = random.between(0, 3);
            let elements: Vec<_> = (0..count).map(|_| value(random, element, false)).collect();
            format!("ARRAY[{}]::{type_name}", elements.join(", "))
        }
        None => format!("NULL::{type_name}"),
    }
}

/// A value that takes little room, and no query to make it.
pub(super) fn small_value(random: &mut Random, type_name: &str, is_required: bool) -> String {
    loop {
        let value = value(random, type_name, is_required);
        if !value.contains("SELECT") {
            return value;
        }
    }
}

fn samples(type_name: &str) -> Option<&'static [&'static str]> {
    let all = ARRAYS.iter().chain(BUILT_IN).chain(OF_THE_DATABASE);
    all.into_iter().find(|(name, _)| *name == type_name).map(|(_, samples)| *samples)
}

/// A value that none of the samples is.
fn made(random: &mut Random, type_name: &str) -> Option<String> {
    let number = random.between(1, 1_000_000);
    let text = match type_name {
        "smallint" => (number % 30_000).to_string(),
        "integer" | "bigint" | "oid" | "public.positive" => number.to_string(),
        "numeric" | "real" | "double precision" => format!("{}.{number}", random.between(0, 99)),
        "text" | "character varying" | "public.citext" => format!("text {number}"),
        "uuid" => format!("{number:08x}-0000-4000-8000-{number:012x}"),
        "timestamp with time zone" => return Some(format!("to_timestamp({number}.{number})")),
        "jsonb" | "json" => format!("{{\"number\": {number}, \"list\": [{number}, \"é\"]}}"),
        _ => return None,
    };
    Some(literal(&text, type_name))
}

/// A value that is stored out of line, since it does not compress well.
fn large(random: &mut Random, type_name: &str) -> Option<String> {
    let (salt, count) = (random.below(1000), random.between(70, 260));
    let text = format!(
        "(SELECT string_agg(md5({salt} + n || ''), '') FROM generate_series(1, {count}) n)"
    );
    match type_name {
        "text" | "character varying" | "public.citext" => Some(format!("{text}::{type_name}")),
        "bytea" => Some(format!("decode({text}, 'hex')")),
        "jsonb" => Some(format!("jsonb_build_object('large', {text})")),
        "json" => Some(format!("json_build_object('large', {text})")),
        "text[]" => Some(format!("ARRAY[{text}, NULL, 'small']")),
        "public.hstore" => Some(format!("public.hstore('large', {text})")),
        "public.pair" => Some(format!("ROW({salt}, {text})::public.pair")),
        _ => None,
    }
}

fn literal(text: &str, type_name: &str) -> String {
    format!("{}::{type_name}", walscope::quote_literal(text))
}
