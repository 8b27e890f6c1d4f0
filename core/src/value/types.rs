//! OIDs of built-in types (`src/include/catalog/pg_type.dat`).

use crate::types::Oid;

/// Declares the types, each with the OID of the array of it, and the way back from the array.
macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $oid:literal, array $array:literal;)*) => {
        $($(#[$doc])* pub const $name: Oid = Oid($oid);)*

        /// The element type of a built-in array type.
        pub const fn array_element(array: Oid) -> Option<Oid> {
            Some(match array.0 {
                $($array => $name,)*
                _ => return None,
            })
        }

        /// The name in capitals, the type, and the array of it.
        #[cfg(feature = "alloc")]
        const NAMED: &[(&str, Oid, Oid)] = &[$((stringify!($name), $name, Oid($array)),)*];
    };
}

types! {
    /// `bool`
    BOOL = 16, array 1000;
    /// `bytea`
    BYTEA = 17, array 1001;
    /// `"char"`
    CHAR = 18, array 1002;
    /// `name`
    NAME = 19, array 1003;
    /// `bigint`
    INT8 = 20, array 1016;
    /// `smallint`
    INT2 = 21, array 1005;
    /// `int2vector`
    INT2VECTOR = 22, array 1006;
    /// `integer`
    INT4 = 23, array 1007;
    /// `regproc`
    REGPROC = 24, array 1008;
    /// `text`
    TEXT = 25, array 1009;
    /// `oid`
    OID = 26, array 1028;
    /// `tid`
    TID = 27, array 1010;
    /// `xid`
    XID = 28, array 1011;
    /// `cid`
    CID = 29, array 1012;
    /// `oidvector`
    OIDVECTOR = 30, array 1013;
    /// `json`
    JSON = 114, array 199;
    /// `xml`
    XML = 142, array 143;
    /// `point`
    POINT = 600, array 1017;
    /// `lseg`
    LSEG = 601, array 1018;
    /// `path`
    PATH = 602, array 1019;
    /// `box`
    BOX = 603, array 1020;
    /// `polygon`
    POLYGON = 604, array 1027;
    /// `line`
    LINE = 628, array 629;
    /// `cidr`
    CIDR = 650, array 651;
    /// `real`
    FLOAT4 = 700, array 1021;
    /// `double precision`
    FLOAT8 = 701, array 1022;
    /// `circle`
    CIRCLE = 718, array 719;
    /// `macaddr8`
    MACADDR8 = 774, array 775;
    /// `money`
    MONEY = 790, array 791;
    /// `macaddr`
    MACADDR = 829, array 1040;
    /// `inet`
    INET = 869, array 1041;
    /// `aclitem`
    ACLITEM = 1033, array 1034;
    /// `char(n)`
    BPCHAR = 1042, array 1014;
    /// `varchar`
    VARCHAR = 1043, array 1015;
    /// `date`
    DATE = 1082, array 1182;
    /// `time`
    TIME = 1083, array 1183;
    /// `timestamp`
    TIMESTAMP = 1114, array 1115;
    /// `timestamp with time zone`
    TIMESTAMPTZ = 1184, array 1185;
    /// `interval`
    INTERVAL = 1186, array 1187;
    /// `time with time zone`
    TIMETZ = 1266, array 1270;
    /// `bit(n)`
    BIT = 1560, array 1561;
    /// `bit varying`
    VARBIT = 1562, array 1563;
    /// `numeric`
    NUMERIC = 1700, array 1231;
    /// `refcursor`
    REFCURSOR = 1790, array 2201;
    /// `regprocedure`
    REGPROCEDURE = 2202, array 2207;
    /// `regoper`
    REGOPER = 2203, array 2208;
    /// `regoperator`
    REGOPERATOR = 2204, array 2209;
    /// `regclass`
    REGCLASS = 2205, array 2210;
    /// `regtype`
    REGTYPE = 2206, array 2211;
    /// `record`
    RECORD = 2249, array 2287;
    /// `cstring`
    CSTRING = 2275, array 1263;
    /// `uuid`
    UUID = 2950, array 2951;
    /// `txid_snapshot`
    TXID_SNAPSHOT = 2970, array 2949;
    /// `pg_lsn`
    PG_LSN = 3220, array 3221;
    /// `tsvector`
    TSVECTOR = 3614, array 3643;
    /// `tsquery`
    TSQUERY = 3615, array 3645;
    /// `gtsvector`
    GTSVECTOR = 3642, array 3644;
    /// `regconfig`
    REGCONFIG = 3734, array 3735;
    /// `regdictionary`
    REGDICTIONARY = 3769, array 3770;
    /// `jsonb`
    JSONB = 3802, array 3807;
    /// `int4range`
    INT4RANGE = 3904, array 3905;
    /// `numrange`
    NUMRANGE = 3906, array 3907;
    /// `tsrange`
    TSRANGE = 3908, array 3909;
    /// `tstzrange`
    TSTZRANGE = 3910, array 3911;
    /// `daterange`
    DATERANGE = 3912, array 3913;
    /// `int8range`
    INT8RANGE = 3926, array 3927;
    /// `jsonpath`
    JSONPATH = 4072, array 4073;
    /// `regnamespace`
    REGNAMESPACE = 4089, array 4090;
    /// `regrole`
    REGROLE = 4096, array 4097;
    /// `regcollation`
    REGCOLLATION = 4191, array 4192;
    /// `int4multirange`
    INT4MULTIRANGE = 4451, array 6150;
    /// `nummultirange`
    NUMMULTIRANGE = 4532, array 6151;
    /// `tsmultirange`
    TSMULTIRANGE = 4533, array 6152;
    /// `tstzmultirange`
    TSTZMULTIRANGE = 4534, array 6153;
    /// `datemultirange`
    DATEMULTIRANGE = 4535, array 6155;
    /// `int8multirange`
    INT8MULTIRANGE = 4536, array 6157;
    /// `pg_snapshot`
    PG_SNAPSHOT = 5038, array 5039;
    /// `xid8`
    XID8 = 5069, array 271;
}

/// `pg_node_tree`, which has no array type
pub const PG_NODE_TREE: Oid = Oid(194);
/// `unknown`, which has no array type
pub const UNKNOWN: Oid = Oid(705);

/// The type of that name in the schema `pg_catalog`; the name of an array is that of its elements
/// behind `_`.
#[cfg(feature = "alloc")]
pub(crate) fn from_name(name: &[u8]) -> Option<Oid> {
    let element = name.strip_prefix(b"_");
    let name = element.unwrap_or(name);
    let found = NAMED.iter().find(|(known, ..)| known.as_bytes().eq_ignore_ascii_case(name));
    found.map(|&(_, type_oid, array)| if element.is_some() { array } else { type_oid })
}

/// The name of a built-in type as `pg_type` has it, with `[]` behind that of an array's elements.
#[cfg(feature = "alloc")]
pub fn name(type_oid: Oid) -> Option<alloc::string::String> {
    let &(name, own, _) =
        NAMED.iter().find(|(_, own, array)| [*own, *array].contains(&type_oid))?;
    let brackets = if own == type_oid { "" } else { "[]" };
    Some([name.to_ascii_lowercase().as_str(), brackets].concat())
}
