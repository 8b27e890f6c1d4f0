//! Frames of PostgreSQL's protocol out of any chunks, only their beginnings kept.
//!
//! PostgreSQL manual, "Message Formats": a byte that says the kind, then four that say the length,
//! themselves included. A client's first message has no kind.

/// What is kept of a frame's body: enough for status updates, and for commits inside XLogData.
const KEPT: usize = 64;
const LENGTH: usize = 4;

/// A frame that has passed whole.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) tag: u8,
    /// The first bytes of the body.
    pub(super) body: Vec<u8>,
}

/// Follows one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Skimmer {
    /// The next frame has no tag.
    untagged: bool,
    header: Vec<u8>,
    body: Vec<u8>,
    /// Bytes of the body that have not come.
    left: usize,
}

impl Skimmer {
    pub(super) fn of_server() -> Self {
        Self::default()
    }

    pub(super) fn of_client() -> Self {
        Self { untagged: true, ..Self::default() }
    }

    /// The frame that ends in these bytes, if one does, and how many of them that took.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (Option<Frame>, usize) {
        let size = if self.untagged { LENGTH } else { LENGTH + 1 };
        let mut consumed = 0;
        if self.header.len() < size {
            consumed = bytes.len().min(size - self.header.len());
            self.header.extend_from_slice(&bytes[..consumed]);
            if self.header.len() < size {
                return (None, consumed);
            }
            let length: [u8; LENGTH] = self.header[size - LENGTH..].try_into().expect("four bytes");
            self.left = u32::from_be_bytes(length) as usize - LENGTH;
        }
        let body = &bytes[consumed..];
        let body = &body[..body.len().min(self.left)];
        self.body.extend_from_slice(&body[..body.len().min(KEPT - self.body.len())]);
        self.left -= body.len();
        consumed += body.len();
        if self.left > 0 {
            return (None, consumed);
        }
        let tag = if self.untagged { 0 } else { self.header[0] };
        self.untagged = false;
        self.header.clear();
        (Some(Frame { tag, body: std::mem::take(&mut self.body) }), consumed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_chunks_of_any_size() {
        let mut bytes = vec![0, 0, 0, 6, 1, 2];
        for length in [0, 3, 100] {
            bytes.push(b'd');
            bytes.extend((length + 4_u32).to_be_bytes());
            bytes.extend((0..length).map(|at| at as u8));
        }
        for size in 1..bytes.len() {
            let mut skimmer = Skimmer::of_client();
            let mut found = Vec::new();
            for mut chunk in bytes.chunks(size) {
                while !chunk.is_empty() {
                    let (frame, consumed) = skimmer.next(chunk);
                    found.extend(frame.map(|frame| (frame.tag, frame.body.len())));
                    chunk = &chunk[consumed..];
                }
            }
            assert_eq!(found, [(0, 2), (b'd', 0), (b'd', 3), (b'd', KEPT)], "{size}");
        }
    }
}
