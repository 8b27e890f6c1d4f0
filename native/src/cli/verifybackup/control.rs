//! `global/pg_control`: whether the files are of the database system that the manifest names
//! (`src/include/catalog/pg_control.h`):
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | system identifier |
//! | 8..12 | version of the layout |
//! | 252..256 | version of the checksums of data pages, since 1700 |
//! | 288..292, since version 1800 292..296 | CRC-32C of everything before |

/// Its path within a backup.
pub(in crate::cli) const CONTROL_FILE: &[u8] = b"global/pg_control";
/// Its size.
const SIZE: usize = 8192;
/// Versions of the layout, and where their CRC is.
const LAYOUTS: [(u32, usize); 3] = [(1300, 288), (1700, 288), (1800, 292)];

/// Looks whether it is right; an error is what `pg_verifybackup` says, of a file that is shown as that.
pub(in crate::cli) fn check(
    bytes: &[u8],
    expected: Option<u64>,
    shown: &str,
) -> Result<(), String> {
    if bytes.len() != SIZE {
        let size = bytes.len();
        return Err(format!("unexpected control file size {size}, expected {SIZE}"));
    }
    let version = number(bytes, 8);
    let Some((_, place)) = LAYOUTS.iter().find(|(known, _)| *known == version) else {
        // Of another byte order, or of a version that is not known yet.
        let any = LAYOUTS
            .iter()
            .any(|(_, place)| crc32c::crc32c(&bytes[..*place]) == number(bytes, *place));
        let problem = if any { "unexpected control file version" } else { "CRC is incorrect" };
        return Err(format!("{shown}: {problem}"));
    };
    if crc32c::crc32c(&bytes[..*place]) != number(bytes, *place) {
        return Err(format!("{shown}: CRC is incorrect"));
    }
    let found = system_identifier(bytes);
    match expected {
        Some(expected) if expected != found => Err(format!(
            "{shown}: manifest system identifier is {expected}, but control file has {found}"
        )),
        _ => Ok(()),
    }
}

/// The identifier of the database system.
pub(in crate::cli) fn system_identifier(bytes: &[u8]) -> u64 {
    u64::from(number(bytes, 4)) << 32 | u64::from(number(bytes, 0))
}

/// The version of the checksums of data pages, since layout 1700; 0: they have none.
pub(in crate::cli) fn page_checksums(bytes: &[u8]) -> u32 {
    number(bytes, 252)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..at + 4).and_then(|field| field.try_into().ok());
    field.map_or(0, u32::from_le_bytes)
}
