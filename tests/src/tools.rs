//! PostgreSQL's own client tools, which make what walscope is compared with.

use std::path::PathBuf;

use crate::Major;

/// The folder of `psql`, `pg_recvlogical`, `pg_waldump` and the others of a major version.
///
/// They come with Debian's packages; `WALSCOPE_PG_TOOLS` names the folder of 15's tools elsewhere.
pub fn pg_bin(major: Major) -> PathBuf {
    let own = std::env::var_os("WALSCOPE_PG_TOOLS").filter(|_| major == Major::V15);
    let folder =
        own.map_or_else(|| format!("/usr/lib/postgresql/{major}/bin").into(), PathBuf::from);
    assert!(
        folder.join("pg_waldump").is_file(),
        "PostgreSQL {major}'s tools are not in {}: run `apt-get install postgresql-{major}`, or name \
         the folder of 15's tools in WALSCOPE_PG_TOOLS",
        folder.display()
    );
    folder
}
