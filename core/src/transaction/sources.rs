//! Where assembled bytes came from: errors name positions of the input.

use alloc::vec::Vec;

/// Where a run of bytes lies among the assembled ones, and where it came in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Source {
    assembled: usize,
    input: u64,
    /// Bytes that it had behind its first one in the input and has no more.
    removed: u8,
}

/// The sources of assembled bytes, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// From `assembled` on, bytes that came at `input`, so many of them removed behind the first.
    pub(crate) fn push(&mut self, assembled: usize, input: u64, removed: u8) {
        let continues = self.0.last().is_some_and(|last| {
            let between = assembled.saturating_sub(last.assembled) as u64;
            last.removed == 0 && removed == 0 && last.input.saturating_add(between) == input
        });
        if continues {
            return;
        }
        self.0.push(Source { assembled, input, removed });
    }

    /// The sources of bytes that were appended at `base`.
    pub(crate) fn append(&mut self, base: usize, others: &Self) {
        self.0.extend(
            others.0.iter().map(|source| Source {
                assembled: source.assembled.saturating_add(base),
                ..*source
            }),
        );
    }

    /// The position in the input of an assembled byte.
    pub(crate) fn input(&self, offset: usize) -> u64 {
        let index = self.0.partition_point(|source| source.assembled <= offset);
        let Some(source) = index.checked_sub(1).and_then(|index| self.0.get(index)) else {
            return self.0.first().map_or(0, |first| first.input);
        };
        let within = offset.saturating_sub(source.assembled) as u64;
        let removed = if within == 0 { 0 } else { u64::from(source.removed) };
        source.input.saturating_add(within).saturating_add(removed)
    }

    /// Whether the bytes are one piece of the input.
    pub(crate) fn is_contiguous(&self) -> bool {
        self.0.len() <= 1
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
