//! What the server remarks on the side.

use std::collections::VecDeque;

use crate::server_error::ServerError;

/// More are not kept: who does not ask for them must not run out of memory.
const KEPT: usize = 256;

/// The newest notices that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Notices(VecDeque<ServerError>);

impl Notices {
    pub(crate) fn push(&mut self, notice: ServerError) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(notice);
    }

    pub(crate) fn take(&mut self) -> Vec<ServerError> {
        self.0.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let mut notices = Notices::default();
        for line in 0..1000 {
            notices.push(ServerError { line: Some(line), ..ServerError::default() });
        }
        let lines: Vec<_> = notices.take().iter().filter_map(|notice| notice.line).collect();
        assert_eq!(lines, (1000 - KEPT as u32..1000).collect::<Vec<_>>());
        assert!(notices.take().is_empty());
    }
}
