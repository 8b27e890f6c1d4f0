//! Values of many types as PostgreSQL 18 wrote them, for tests and for the benchmark of values.

use super::{Oid, types};

/// Type, what its send function wrote in hexadecimal digits, what its output function wrote.
pub(super) const WRITTEN: [(Oid, &str, &str); 31] = [
    (types::BOOL, "01", "t"),
    (types::INT2, "fffe", "-2"),
    (types::INT8, "8000000000000000", "-9223372036854775808"),
    (types::FLOAT4, "39800000", "0.00024414062"),
    (types::FLOAT8, "be8421f5f40d8376", "-1.5e-07"),
    (types::NUMERIC, "000300014000000504d2162e2334", "-12345678.90120"),
    (types::NUMERIC, "00000000d0000020", "Infinity"),
    (types::NUMERIC, "0001fffe0000000604b0", "0.000012"),
    (types::MONEY, "fffffffff8a432eb", "-$1,234,567.89"),
    (types::CHAR, "e9", "\\351"),
    (types::UUID, "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    (types::DATE, "fff49d7b", "0044-03-15 BC"),
    (types::TIME, "000000141dc8e110", "23:59:59.05"),
    (types::TIMETZ, "0000000a8be4ca6000004d67", "12:34:56.7-05:30:15"),
    (types::TIMESTAMP, "0002b582c4781001", "2024-02-29 12:00:00.000001"),
    (types::TIMESTAMPTZ, "ff1fe2ffc59ad960", "0001-12-31 23:59:59.9+00 BC"),
    (types::INTERVAL, "fffffffc9369912000000003fffffff2", "-1 years -2 mons +3 days -04:05:06.7"),
    (types::VARBIT, "0000000ab380", "1011001110"),
    (types::INET, "02180004c0a80001", "192.168.0.1/24"),
    (types::CIDR, "0320011020010db8000000000000000000000000", "2001:db8::/32"),
    (types::MACADDR8, "08002b0102030405", "08:00:2b:01:02:03:04:05"),
    (types::PG_LSN, "00000016b374d848", "16/B374D848"),
    (types::TID, "000000070009", "(7,9)"),
    (
        types::LSEG,
        "000000000000000000000000000000003ff8000000000000c000000000000000",
        "[(0,0),(1.5,-2)]",
    ),
    (
        types::PATH,
        "0000000002000000000000000000000000000000003ff8000000000000c000000000000000",
        "[(0,0),(1.5,-2)]",
    ),
    (types::CIRCLE, "3ff000000000000040000000000000003fe0000000000000", "<(1,2),0.5>"),
    (types::TSVECTOR, "000000026200000069742773000002c0010002", "'b' 'it''s':1A,2"),
    (
        types::TSQUERY,
        "000000080204000202040001010000640001000063000201020301080162000100006100",
        "!( 'a' | 'b':*A ) <2> ( 'c' <-> 'd' )",
    ),
    (
        types::PG_SNAPSHOT,
        "00000003000000000000000a0000000000000014000000000000000a000000000000000e0000000000000013",
        "10:20:10,14,19",
    ),
    (
        types::OIDVECTOR,
        "00000001000000000000001a0000000200000000000000040000000100000004ffffffff",
        "1 4294967295",
    ),
    (types::JSONB, "017b2261223a20312e307d", "{\"a\": 1.0}"),
];
