//! Whole messages as they were received, and the way through them.

use bytes::Bytes;
use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;

/// Consecutive messages of a stream, untouched: CopyData frames, each holding a message of the
/// server. Cloning it copies nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    bytes: Bytes,
    items: u64,
}

impl Batch {
    pub(super) fn new(bytes: Bytes, items: u64) -> Self {
        Self { bytes, items }
    }

    /// The frames as on the wire: what a capture holds.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many items the stream has delivered up to the end of this batch: what
    /// [`StreamControl::confirm_items`](crate::StreamControl::confirm_items) takes when the batch is done with.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// The messages in their order. Each was checked for its frame; what the output plugin wrote is
    /// decoded by [`Tracker`](walscope_core::transaction::Tracker) or
    /// [`Decoder`](walscope_core::pgoutput::Decoder).
    pub fn entries(&self) -> Entries<'_> {
        Entries { reader: Reader::of_connection(MAX_MESSAGE), rest: &self.bytes }
    }
}

/// Walks a [`Batch`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    reader: Reader,
    rest: &'a [u8],
}

impl Entries<'_> {
    /// How many bytes of the batch the entries so far take.
    pub fn consumed(&self) -> usize {
        usize::try_from(self.reader.offset()).unwrap_or(usize::MAX)
    }

    /// Position in the batch of what the last entry holds.
    pub fn data_offset(&self) -> u64 {
        self.reader.data_offset()
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = walscope_core::Result<Entry<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match self.reader.next(self.rest) {
            Ok(Next::Entry(entry, consumed)) => {
                self.rest = self.rest.get(consumed..).unwrap_or_default();
                Some(Ok(entry))
            }
            // A batch holds whole frames only.
            Ok(Next::NeedMore(_)) => None,
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}
