//! Messages of other plugins than pgoutput, as a table of integers over their bytes.

use walscope::Result;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;

/// How many items of the stream come before the table's first: two words, the lower half first. A row
/// follows for each message: offset, length, LSN's upper half, its lower half.
pub(crate) const HEADER_WORDS: usize = 2;

/// Counts what is handed over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Undecoded {
    /// Items that were handed over. A stream that comes back goes on counting from there.
    items: u64,
}

impl Undecoded {
    /// The table of the messages at the front of `bytes`, about as many as `piece` bytes hold, and
    /// how many bytes they take.
    pub(crate) fn table(&mut self, bytes: &[u8], piece: usize) -> Result<(Vec<i32>, usize)> {
        let mut words = vec![self.items as i32, (self.items >> 32) as i32];
        let mut reader = Reader::of_connection(MAX_MESSAGE);
        let mut at = 0;
        while at < piece {
            let rest = bytes.get(at..).unwrap_or_default();
            let Next::Entry(entry, consumed) = reader.next(rest)? else { break };
            at += consumed;
            let Entry::Data(data) = entry else { continue };
            self.items += 1;
            words.extend([
                reader.data_offset() as i32,
                data.data.len() as i32,
                (data.start.0 >> 32) as i32,
                data.start.0 as i32,
            ]);
        }
        Ok((words, at))
    }
}
