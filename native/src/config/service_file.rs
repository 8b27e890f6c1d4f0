//! The file of services, `~/.pg_service.conf` where no other is named: settings under a name.
//!
//! The manual's "The Connection Service File"; the rules are those of `parseServiceInfo` in libpq's
//! fe-connect.c.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Config;
use crate::error::{Error, Result};

/// In the home directory.
const DEFAULT_FILE: &str = ".pg_service.conf";
/// The system's folder, where `PGSYSCONFDIR` does not name it: that of Debian's libpq.
const SYSTEM_FOLDER: &str = "/etc/postgresql-common";
const SYSTEM_FILE: &str = "pg_service.conf";
/// More is no file of services, and need not be read.
const MAX_SIZE: u64 = 1 << 20;

impl Config {
    /// Sets what is not set yet from the service that is named, if one is.
    pub(super) fn fill_from_service(
        &mut self,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<()> {
        let from = |name: &str| variable(name).filter(|value| !value.is_empty());
        let Some(service) = self.service.take().or_else(|| from("PGSERVICE")) else {
            return Ok(());
        };
        let named = self.servicefile.take().or_else(|| from("PGSERVICEFILE").map(PathBuf::from));
        let system = from("PGSYSCONFDIR").map_or_else(|| SYSTEM_FOLDER.into(), PathBuf::from);
        let system = system.join(SYSTEM_FILE);
        let own = match named {
            Some(file) => {
                let lines = read(&file)?.ok_or_else(|| missing(&file))?;
                settings(&lines, &service, &file)?
            }
            None => match std::env::home_dir() {
                Some(home) => of_file(&home.join(DEFAULT_FILE), &service)?,
                None => None,
            },
        };
        let found = match own {
            Some(found) => found,
            None => of_file(&system, &service)?.ok_or_else(|| {
                Error::config_hint(
                    format!("there is no service \"{service}\""),
                    format!(
                        "Services are sections of ~/{DEFAULT_FILE} (PGSERVICEFILE) and {}",
                        system.display()
                    ),
                )
            })?,
        };
        self.fill_with(found);
        Ok(())
    }

    /// Refuses a service that was named, but not looked up.
    pub(super) fn check_service(&self) -> Result<()> {
        self.service.as_ref().map_or(Ok(()), |service| {
            Err(Error::config_hint(
                format!("the service \"{service}\" was not looked up"),
                "Config::parse and Config::fill_from_env do",
            ))
        })
    }
}

/// A service of a file that need not be there.
fn of_file(file: &Path, service: &str) -> Result<Option<Config>> {
    match read(file)? {
        Some(lines) => settings(&lines, service, file),
        None => Ok(None),
    }
}

fn missing(file: &Path) -> Error {
    Error::config(format!("the file of services {} is not there", file.display()))
}

/// `None`: it is not there.
fn read(file: &Path) -> Result<Option<String>> {
    let failed = |problem: &dyn std::fmt::Display| {
        Err(Error::config(format!("the file of services {}: {problem}", file.display())))
    };
    match fs::metadata(file) {
        // Reading a pipe would wait for its writer.
        Ok(metadata) if !metadata.is_file() || metadata.len() > MAX_SIZE => {
            failed(&"it is no such file")
        }
        Ok(_) => fs::read_to_string(file).map(Some).or_else(|error| failed(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => failed(&error),
    }
}

/// What the service has; `None`: there is none of that name.
fn settings(lines: &str, service: &str, file: &Path) -> Result<Option<Config>> {
    let mut found: Option<Config> = None;
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            let name = section.split_once(']').map(|(name, _)| name);
            found = (name == Some(service)).then(Config::new);
        } else if let Some(config) = &mut found {
            let place = || format!("{}, line {number}", file.display());
            let Some((key, value)) = line.split_once('=') else {
                return Err(Error::config(format!("{}: there is no \"=\"", place())));
            };
            if key == "service" || key == "servicefile" {
                return Err(Error::config(format!("{}: a service cannot name another", place())));
            }
            // The first of a key counts, as of services that are named twice.
            let mut one = Config::new();
            one.set(key, value).map_err(|error| match error {
                Error::Config(mut error) => {
                    error.problem = format!("{}: {}", place(), error.problem);
                    Error::Config(error)
                }
                other => other,
            })?;
            config.fill_with(one);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "\
# a remark
[other]
host=other

 [shop]
host=db.example
  port=7
host=later
password=a = b # c
[shop]
port=8
[broken]
host
[nested]
service=shop
[unknown]
hots=a";

    fn of(service: &str) -> Result<Option<Config>> {
        settings(LINES, service, Path::new("/services"))
    }

    #[test]
    fn services_are_read_as_libpq_reads_them() {
        let shop = of("shop").expect("it is right").expect("it is there");
        assert_eq!((shop.host(), shop.port()), ("db.example", 7));
        assert_eq!(shop.password(), Some("a = b # c"));
        assert!(of("sho").expect("it is right").is_none());
        for (service, problem) in [
            ("broken", "/services, line 13: there is no \"=\""),
            ("nested", "/services, line 15: a service cannot name another"),
            ("unknown", "/services, line 17: unknown connection setting \"hots\""),
        ] {
            assert_eq!(of(service).expect_err(service).to_string(), problem);
        }
    }

    #[test]
    fn a_service_stands_between_the_string_and_the_environment() {
        let folder = std::env::temp_dir().join(format!("walscope-services-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(SYSTEM_FILE);
        fs::write(&file, LINES).expect("a file");
        let by = |names: &'static [&'static str]| {
            let (folder, file) = (folder.display().to_string(), file.display().to_string());
            move |name: &str| match name {
                _ if !names.contains(&name) => None,
                "PGSERVICE" => Some("shop".into()),
                "PGSERVICEFILE" => Some(file.clone()),
                "PGSYSCONFDIR" => Some(folder.clone()),
                "PGPORT" => Some("9".into()),
                "PGUSER" => Some("env".into()),
                _ => None,
            }
        };
        let filled = |conninfo: &str, names| {
            let mut config = Config::parse_only(conninfo)?;
            config.fill_from(by(names))?;
            Ok::<_, Error>(config)
        };
        let all = &["PGSERVICE", "PGSERVICEFILE", "PGPORT", "PGUSER"];
        let config = filled("host=own", all).expect("a service");
        assert_eq!((config.host(), config.port(), config.user()), ("own", 7, Some("env")));
        let config = filled("service=other", &["PGSYSCONFDIR"]).expect("the system's");
        assert_eq!(config.host(), "other");
        let named = Config::parse_only("service=shop").expect("settings");
        assert!(named.check().is_err_and(|error| error.to_string().contains("not looked up")));
        let given = format!("service=shop servicefile={}", file.display());
        assert_eq!(filled(&given, &[]).expect("the file that is named").port(), 7);
        let error = filled("service=none", &["PGSERVICEFILE"]).expect_err("there is none");
        assert!(error.to_string().contains("no service \"none\""), "{error}");
        let error = filled("service=s servicefile=/nowhere/x", &[]).expect_err("there is none");
        assert!(error.to_string().contains("/nowhere/x is not there"), "{error}");
        fs::remove_dir_all(&folder).expect("it goes");
    }
}
