//! What must hold for every recording, over every fixture: any split of the input gives the same
//! messages, any prefix gives "need more" or an error, no flipped byte leads to a panic, what was
//! decoded encodes to the same bytes, and the index says what the decoder says.
//!
//! Debug builds take these tests, so what would take long is sampled: the constants in each file say
//! how.

mod encoding;
mod flips;
mod index;
mod prefixes;
mod records;
mod splits;

use walscope_core::capture::{Entry, Next, Reader};
use walscope_core::frame::MAX_MESSAGE;
use walscope_tests::fixtures::Fixture;

/// Calls `look` with every entry of a fixture, its bytes, and the reader before it.
fn each_entry(fixture: &Fixture, mut look: impl FnMut(&Entry<'_>, &[u8], Reader)) {
    let mut reader = Reader::new(MAX_MESSAGE);
    let mut rest = &fixture.bytes[..];
    while !rest.is_empty() {
        let before = reader;
        match reader.next(rest) {
            Ok(Next::Entry(entry, consumed)) => {
                look(&entry, &rest[..consumed], before);
                rest = &rest[consumed..];
            }
            other => panic!("{}, byte {}: {other:?}", fixture.name, reader.offset()),
        }
    }
}

/// Whether transactions come in pieces.
fn is_streamed(fixture: &Fixture) -> bool {
    fixture.description.options.contains_key("streaming")
}
