//! What makes a backup a standby: `standby.signal`, and settings at the end of `postgresql.auto.conf`
//! (`src/fe_utils/recovery_gen.c`).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use super::unpack::failed;
use crate::config::Config;
use crate::error::Result;

/// Makes a server a standby, by being there.
pub(crate) const STANDBY_SIGNAL: &str = "standby.signal";
/// Settings that the server itself has written.
pub(crate) const AUTO_CONF: &str = "postgresql.auto.conf";

/// The settings by which a standby finds its primary.
pub(crate) fn recovery_settings(config: &Config, slot: Option<&str>) -> String {
    let quote = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
    let mut text = format!("primary_conninfo = '{}'\n", quote(&config.conninfo()));
    if let Some(slot) = slot {
        text.push_str(&format!("primary_slot_name = '{}'\n", quote(slot)));
    }
    text
}

/// Writes both into a backup that is unpacked.
pub(crate) fn write_recovery_settings(directory: &Path, settings: &str) -> Result<()> {
    let path = directory.join(AUTO_CONF);
    let append = OpenOptions::new().append(true).create(true).open(&path);
    append
        .and_then(|mut file| file.write_all(settings.as_bytes()))
        .map_err(|error| failed("write", &path, error))?;
    let path = directory.join(STANDBY_SIGNAL);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&path).map(drop).map_err(|error| failed("create", &path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_once_more() {
        let config = Config::new().with_user("u").with_password("it's");
        assert_eq!(
            recovery_settings(&config, Some("s")),
            "primary_conninfo = 'user=u password=''it\\\\''s'' host=localhost port=5432 \
             sslmode=prefer'\nprimary_slot_name = 's'\n"
        );
    }
}
