//! The manifest of a backup: JSON whose last line is a checksum of the others
//! (`src/common/parse_manifest.c`, the manual's "Backup Manifest Format").

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::digest;
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use walscope_core::{Lsn, TimelineId};

use crate::ChecksumAlgorithm;

/// A file of the backup.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct ManifestFile {
    /// Its path within the backup, with slashes.
    pub(in crate::cli) path: Vec<u8>,
    pub(in crate::cli) size: u64,
    pub(in crate::cli) algorithm: ChecksumAlgorithm,
    pub(in crate::cli) checksum: Vec<u8>,
}

/// A part of the log that recovery needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct WalRange {
    pub(in crate::cli) timeline: TimelineId,
    pub(in crate::cli) start: Lsn,
    pub(in crate::cli) end: Lsn,
}

#[derive(Debug, Default)]
pub(in crate::cli) struct Manifest {
    pub(in crate::cli) version: u32,
    pub(in crate::cli) system_identifier: Option<u64>,
    pub(in crate::cli) files: Vec<ManifestFile>,
    /// Where each path is in `files`.
    pub(in crate::cli) index: HashMap<Vec<u8>, usize>,
    pub(in crate::cli) wal: Vec<WalRange>,
    checksum: Option<String>,
}

impl Manifest {
    /// Reads a manifest; an error is what `pg_verifybackup` says.
    pub(in crate::cli) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| refusal(&error))?;
        manifest.check(bytes)?;
        Ok(manifest)
    }

    /// The manifest's own checksum.
    fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let failure = |text: &str| Err(format!("could not parse backup manifest: {text}"));
        let Some(text) = bytes.strip_suffix(b"\n") else {
            return failure("last line not newline-terminated");
        };
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
            return failure("expected at least 2 lines");
        };
        let Some(checksum) = &self.checksum else { return Err("manifest has no checksum".into()) };
        let expected = hex(checksum).filter(|bytes| bytes.len() == digest::SHA256_OUTPUT_LEN);
        let Some(expected) = expected else {
            return Err(format!("invalid manifest checksum: \"{checksum}\""));
        };
        if digest::digest(&digest::SHA256, &text[..=end]).as_ref() != expected {
            return Err("manifest checksum mismatch".into());
        }
        Ok(())
    }

    fn add(&mut self, file: ManifestFile) -> Result<(), String> {
        if self.index.insert(file.path.clone(), self.files.len()).is_some() {
            let path = String::from_utf8_lossy(&file.path);
            return Err(format!("!duplicate path name in backup manifest: \"{path}\""));
        }
        self.files.push(file);
        Ok(())
    }
}

/// What begins with an exclamation mark is not about how the manifest is written. The position that
/// serde adds would only be in the way.
fn refusal(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    match text.strip_prefix('!') {
        Some(_) => text[1..end].to_owned(),
        None => format!(
            "could not parse backup manifest: {}",
            if error.is_data() { &text[..end] } else { &text }
        ),
    }
}

/// Hexadecimal digits, two a byte.
fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// A number or a text: PostgreSQL takes one for the other.
struct Scalar<'m>(Cow<'m, str>);

impl<'de: 'm, 'm> Deserialize<'de> for Scalar<'m> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalars;
        impl<'m> Visitor<'m> for Scalars {
            type Value = Scalar<'m>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_borrowed_str<E>(self, text: &'m str) -> Result<Scalar<'m>, E> {
                Ok(Scalar(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar<'m>, E> {
                Ok(Scalar(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar<'m>, E> {
                Ok(Scalar(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar<'m>, E> {
                Ok(Scalar(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar<'m>, E> {
                Ok(Scalar(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(Scalars)
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top;
        impl<'de> Visitor<'de> for Top {
            type Value = Manifest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Manifest, A::Error> {
                top(map)
            }
        }
        deserializer.deserialize_map(Top)
    }
}

/// The version comes first and the checksum last.
fn top<'de, A: MapAccess<'de>>(mut map: A) -> Result<Manifest, A::Error> {
    let mut manifest = Manifest::default();
    if map.next_key::<Cow<'_, str>>()?.as_deref() != Some("PostgreSQL-Backup-Manifest-Version") {
        return Err(A::Error::custom("expected version indicator"));
    }
    let version = map.next_value::<Scalar<'_>>()?.0;
    manifest.version =
        version.parse().map_err(|_| A::Error::custom("manifest version not an integer"))?;
    if !matches!(manifest.version, 1 | 2) {
        return Err(A::Error::custom("unexpected manifest version"));
    }
    while let Some(key) = map.next_key::<Cow<'_, str>>()? {
        if manifest.checksum.is_some() {
            return Err(A::Error::custom("unexpected object field"));
        }
        match &*key {
            "System-Identifier" => {
                let text = map.next_value::<Scalar<'_>>()?.0;
                let number = text.parse();
                manifest.system_identifier =
                    Some(number.map_err(|_| {
                        A::Error::custom("manifest system identifier not an integer")
                    })?);
            }
            "Files" => map.next_value_seed(Files(&mut manifest))?,
            "WAL-Ranges" => manifest.wal = map.next_value()?,
            "Manifest-Checksum" => {
                manifest.checksum = Some(map.next_value::<Scalar<'_>>()?.0.into_owned());
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
                return Err(A::Error::custom("unrecognized top-level field"));
            }
        }
    }
    if manifest.checksum.is_none() {
        return Err(A::Error::custom("unexpected object end"));
    }
    Ok(manifest)
}

/// Takes the files one by one, so that the list is not held twice.
struct Files<'m>(&'m mut Manifest);

impl<'de> serde::de::DeserializeSeed<'de> for Files<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Files<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<(), A::Error> {
        while let Some(file) = files.next_element::<RawFile<'_>>()? {
            let file = file.checked().map_err(A::Error::custom)?;
            self.0.add(file).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile<'m> {
    #[serde(rename = "Path", borrow)]
    path: Option<Scalar<'m>>,
    #[serde(rename = "Encoded-Path", borrow)]
    encoded: Option<Scalar<'m>>,
    #[serde(rename = "Size", borrow)]
    size: Option<Scalar<'m>>,
    #[serde(rename = "Last-Modified")]
    _modified: Option<IgnoredAny>,
    #[serde(rename = "Checksum-Algorithm", borrow)]
    algorithm: Option<Scalar<'m>>,
    #[serde(rename = "Checksum", borrow)]
    checksum: Option<Scalar<'m>>,
}

impl RawFile<'_> {
    fn checked(self) -> Result<ManifestFile, String> {
        let path = match (self.path, self.encoded) {
            (None, None) => return Err("missing path name".into()),
            (Some(_), Some(_)) => return Err("both path name and encoded path name".into()),
            (Some(path), None) => path.0.into_owned().into_bytes(),
            (None, Some(encoded)) => hex(&encoded.0).ok_or("could not decode file name")?,
        };
        let size = self.size.ok_or("missing size")?.0;
        let size = size.parse().map_err(|_| "file size is not an integer")?;
        let checksum = self.checksum.map(|checksum| checksum.0).unwrap_or_default();
        let algorithm = match self.algorithm {
            None if checksum.is_empty() => ChecksumAlgorithm::None,
            None => return Err("checksum without algorithm".into()),
            Some(name) => name
                .0
                .parse()
                .map_err(|()| format!("!unrecognized checksum algorithm: \"{}\"", name.0))?,
        };
        let bytes = hex(&checksum).ok_or_else(|| {
            let path = String::from_utf8_lossy(&path);
            format!("!invalid checksum for file \"{path}\": \"{checksum}\"")
        })?;
        Ok(ManifestFile { path, size, algorithm, checksum: bytes })
    }
}

impl<'de> Deserialize<'de> for WalRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw<'m> {
            #[serde(rename = "Timeline", borrow)]
            timeline: Option<Scalar<'m>>,
            #[serde(rename = "Start-LSN", borrow)]
            start: Option<Scalar<'m>>,
            #[serde(rename = "End-LSN", borrow)]
            end: Option<Scalar<'m>>,
        }
        let raw = Raw::deserialize(deserializer)?;
        let timeline = raw.timeline.ok_or_else(|| D::Error::custom("missing timeline"))?;
        let start = raw.start.ok_or_else(|| D::Error::custom("missing start LSN"))?;
        let end = raw.end.ok_or_else(|| D::Error::custom("missing end LSN"))?;
        let timeline = timeline.0.parse();
        Ok(Self {
            timeline: TimelineId(
                timeline.map_err(|_| D::Error::custom("timeline is not an integer"))?,
            ),
            start: start.0.parse().map_err(|_| D::Error::custom("could not parse start LSN"))?,
            end: end.0.parse().map_err(|_| D::Error::custom("could not parse end LSN"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = r#""Files": [
{ "Path": "a", "Size": 3, "Last-Modified": "x", "Checksum-Algorithm": "CRC32C", "Checksum": "0a0B0c0d" },
{ "Encoded-Path": "c3ff", "Size": 0, "Last-Modified": "x" }
],
"WAL-Ranges": [
{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
],
"#;

    fn sealed(body: &str) -> String {
        let digest = digest::digest(&digest::SHA256, body.as_bytes());
        let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{body}\"Manifest-Checksum\": \"{digits}\"}}\n")
    }

    #[test]
    fn versions_1_and_2_are_read() {
        let one = sealed(&format!("{{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n{FILES}"));
        let manifest = Manifest::parse(one.as_bytes()).expect("a manifest");
        assert_eq!((manifest.version, manifest.files.len(), manifest.wal.len()), (1, 2, 1));
        assert_eq!(manifest.files[0].checksum, [10, 11, 12, 13]);
        assert_eq!(manifest.files[1].path, [0xC3, 0xFF]);
        assert_eq!(manifest.wal[0].start, Lsn(0x200_0028));
        let two = format!(
            "{{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": 7,\n{FILES}"
        );
        let manifest = Manifest::parse(sealed(&two).as_bytes()).expect("a manifest");
        assert_eq!((manifest.version, manifest.system_identifier), (2, Some(7)));
    }

    #[test]
    fn what_is_wrong_is_said_in_postgresqls_words() {
        let version = "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n";
        let good = format!("{version}{FILES}");
        for (text, problem) in [
            (
                sealed("{\"Files\": [],\n"),
                "could not parse backup manifest: expected version indicator",
            ),
            (sealed(&good.replace(": 1,\n\"F", ": 9,\n\"F")), "unexpected manifest version"),
            (
                sealed(&good.replace("\"Size\": 3, ", "")),
                "could not parse backup manifest: missing size",
            ),
            (sealed(&good.replace("\"Path\": \"a\", ", "")), "missing path name"),
            (
                sealed(&good.replace("\"Encoded-Path\": \"c3ff\"", "\"Path\": \"a\"")),
                "duplicate path name in backup manifest: \"a\"",
            ),
            (sealed(&good.replace("c3ff", "c3f")), "could not decode file name"),
            (sealed(&good.replace("CRC32C", "MD5")), "unrecognized checksum algorithm: \"MD5\""),
            (
                sealed(&good.replace("0a0B", "0x0B")),
                "invalid checksum for file \"a\": \"0x0B0c0d\"",
            ),
            (
                sealed(&good.replace("\"Checksum-Algorithm\": \"CRC32C\", ", "")),
                "checksum without algorithm",
            ),
            (sealed(&good.replace("0/2000100", "x")), "could not parse end LSN"),
            (sealed(&good.replace("\"Timeline\": 1, ", "")), "missing timeline"),
            (sealed(&good.replace("WAL-Ranges", "Other")), "unrecognized top-level field"),
            (sealed(&good).replace("\"a\"", "\"b\""), "manifest checksum mismatch"),
            (sealed(&good).trim_end().to_owned(), "last line not newline-terminated"),
            (
                sealed(&good).replace("Checksum\": \"", "Checksum\": \"x"),
                "invalid manifest checksum",
            ),
            (good[..60].to_owned(), "could not parse backup manifest: EOF"),
            (format!("{}}}\n", good.trim_end().trim_end_matches(',')), "unexpected object end"),
        ] {
            // The checksum of a file is replaced along with the manifest's own.
            let error = Manifest::parse(text.as_bytes()).expect_err(problem);
            let other =
                problem == "invalid manifest checksum" && error.contains("invalid checksum");
            assert!(error.contains(problem) || other, "{problem}: {error}");
        }
    }
}
