//! Options for transactions that come in pieces.

use std::path::PathBuf;

use clap::Args;
use walscope_core::capture::Reader;
use walscope_core::transaction::{Assembler, View};

use crate::SpillFiles;

const MEBIBYTE: usize = 1024 * 1024;

#[derive(Clone, Debug, Args)]
pub(super) struct Pieces {
    /// Memory for transactions that come in pieces and have not ended, in MiB; the rest goes to
    /// files
    #[arg(long, value_name = "MIB", default_value_t = 8)]
    memory: usize,
    /// Directory of these files; without it the system's for temporary files
    #[arg(long, value_name = "DIRECTORY")]
    spill_dir: Option<PathBuf>,
}

impl Pieces {
    /// What puts them together; for the raw view it leaves them as they are.
    pub(super) fn assembler(&self, view: View, reader: Reader) -> Assembler<SpillFiles> {
        let files = SpillFiles::new(self.spill_dir.clone());
        Assembler::new(view, reader, files, self.memory.saturating_mul(MEBIBYTE))
    }
}
