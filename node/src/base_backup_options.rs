//! The options of a base backup, and of the directory that it is unpacked into, as JavaScript gives them.

use std::path::PathBuf;

use serde::Deserialize;
use walscope::{
    BackupDirectoryOptions, BackupManifest, BackupOptions, BackupTarget, Config, Error,
};

use crate::error::{config_error, to_napi};

/// What is left out is as in `BackupOptions`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawBackupOptions {
    label: Option<String>,
    target: Option<TargetFields>,
    estimate: Option<bool>,
    fast: Option<bool>,
    wal: bool,
    wait: bool,
    max_rate: Option<u32>,
    tablespace_map: Option<bool>,
    verify_checksums: Option<bool>,
    manifest: ManifestField,
    manifest_checksums: Option<String>,
    /// In PostgreSQL's words: `zstd:level=3`.
    compression: Option<String>,
    pub(crate) incremental: Option<IncrementalField>,
}

/// Where the manifest is that an incremental backup builds on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum IncrementalField {
    /// In this file.
    File(PathBuf),
    /// Its bytes come beside the options.
    Bytes,
}

#[derive(Deserialize)]
struct TargetFields {
    name: String,
    detail: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum ManifestField {
    No,
    Yes,
    ForceEncode,
}

impl RawBackupOptions {
    pub(crate) fn build(&self) -> napi::Result<BackupOptions> {
        let defaults = BackupOptions::default();
        let compression = self.compression.as_deref().map(str::parse).transpose();
        let checksums = self.manifest_checksums.as_deref().map(str::parse).transpose();
        Ok(BackupOptions {
            label: self.label.clone().unwrap_or(defaults.label),
            target: self.target.as_ref().map_or(Ok(BackupTarget::Client), TargetFields::build)?,
            progress: self.estimate.unwrap_or(defaults.progress),
            fast_checkpoint: self.fast.unwrap_or(defaults.fast_checkpoint),
            wal: self.wal,
            wait: self.wait,
            max_rate: self.max_rate,
            tablespace_map: self.tablespace_map.unwrap_or(defaults.tablespace_map),
            verify_checksums: self.verify_checksums.unwrap_or(defaults.verify_checksums),
            manifest: match self.manifest {
                ManifestField::No => BackupManifest::No,
                ManifestField::Yes => BackupManifest::Yes,
                ManifestField::ForceEncode => BackupManifest::ForceEncode,
            },
            manifest_checksums: checksums.map_err(|()| config_error("no such checksum"))?,
            compression: compression.map_err(|error: Error| to_napi(&error))?,
            incremental: self.incremental.is_some(),
        })
    }
}

impl TargetFields {
    fn build(&self) -> napi::Result<BackupTarget> {
        Ok(match (self.name.as_str(), &self.detail) {
            ("client", None) => BackupTarget::Client,
            ("blackhole", None) => BackupTarget::Blackhole,
            ("server", Some(directory)) => BackupTarget::Server(directory.into()),
            ("client" | "blackhole" | "server", _) => {
                let text =
                    "the target 'server' has a directory, 'client' and 'blackhole' have none";
                return Err(config_error(text));
            }
            (name, detail) => BackupTarget::Other { name: name.into(), detail: detail.clone() },
        })
    }
}

/// Where a backup is unpacked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RawUnpackOptions {
    pub(crate) directory: PathBuf,
    tablespaces: Vec<(PathBuf, PathBuf)>,
    standby: bool,
    slot: Option<String>,
    sync: bool,
}

impl RawUnpackOptions {
    pub(crate) fn build(self, config: &Config, file_mode: u32) -> BackupDirectoryOptions {
        BackupDirectoryOptions {
            tablespaces: self.tablespaces,
            standby_of: self.standby.then(|| config.clone()),
            slot: self.slot,
            file_mode,
            sync: self.sync,
        }
    }
}
