//! CRC-32C (Castagnoli), by which the log is guarded.

/// Bytes of a record's header before its CRC, which are the last that the CRC is made of.
const BEFORE_CRC: usize = 20;

/// Bytes of a record's header.
const HEADER: usize = 24;

/// What is computed at once.
const WORD: usize = 8;

/// The CRC of a record: of what follows its header, then of the header before the CRC itself.
///
/// Bytes that are left over behind whole words are slow, and most records have some. So they come with
/// the header in words that end with them and begin with zeros: of zeros the CRC is that of nothing if
/// the register is 0, and what the register was goes into the first bytes behind them.
#[inline]
pub(super) fn of_record(record: &[u8]) -> u32 {
    let Some((head, rest)) = record.split_first_chunk::<HEADER>() else {
        return append(0, record.get(..BEFORE_CRC).unwrap_or_default());
    };
    let left = rest.len() % WORD;
    let words = rest.len().saturating_sub(left);
    let register = u64::from(!append(0, rest.get(..words).unwrap_or_default()));
    // The last bytes of the record, of which those stay that are left over.
    let last = u64::from_le_bytes(*record.last_chunk().unwrap_or(&[0; WORD]));
    let last = last & u64::MAX.unbounded_shl(bits(WORD.saturating_sub(left)));
    let front = last ^ register.unbounded_shl(bits(WORD.saturating_sub(left)));
    let [h0, h1, h2, h3, h4, _] = words_of(head);
    let (f0, f1) = halves(front);
    let (r0, r1) = halves(register.unbounded_shr(bits(left)));
    of_words([f0, f1, h0 ^ r0, h1 ^ r1, h2, h3, h4])
}

/// So many bytes in bits.
#[expect(clippy::cast_possible_truncation, reason = "less than 64")]
const fn bits(bytes: usize) -> u32 {
    (bytes as u32).wrapping_mul(8)
}

/// The lower and the upper half.
#[expect(clippy::cast_possible_truncation, reason = "it is cut in halves")]
const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

/// Words of 32 bits.
#[inline]
fn words_of<const WORDS: usize>(bytes: &[u8]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// The CRC of words whose first bytes were changed by what the register was, which is 0.
#[cfg(feature = "std")]
#[inline]
fn of_words(words: [u32; 7]) -> u32 {
    // With zeros before them they are whole words of 64 bits.
    let mut block = [0; 32];
    for (bytes, word) in block.as_chunks_mut().0.iter_mut().skip(1).zip(words) {
        *bytes = word.to_le_bytes();
    }
    append(u32::MAX, &block)
}

/// The CRC of words whose first bytes were changed by what the register was, which is 0.
#[cfg(not(feature = "std"))]
#[inline]
fn of_words(words: [u32; 7]) -> u32 {
    software::of_words(words)
}

/// The CRC of what had the CRC `crc`, and `bytes` behind it.
#[cfg(feature = "std")]
#[inline]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

/// The CRC of what had the CRC `crc`, and `bytes` behind it.
#[cfg(not(feature = "std"))]
#[inline(always)]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    software::append(crc, bytes)
}

/// Sixteen bytes at a time by tables, where there is no instruction for it.
#[cfg(any(not(feature = "std"), test))]
mod software {
    use super::words_of;

    /// The polynomial, its bits in reverse.
    const POLYNOMIAL: u32 = 0x82F6_3B78;

    /// Tables for the bytes of a word.
    type Four = [[u32; 256]; 4];

    /// The first table says what a byte does to a CRC, the next what it does with a zero byte behind it,
    /// and so on.
    static TABLES: [Four; 4] = tables();

    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "computed when this is compiled, which fails if an index does not fit"
    )]
    const fn tables() -> [Four; 4] {
        let mut tables = [[[0; 256]; 4]; 4];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
                bit += 1;
            }
            tables[0][0][byte] = crc;
            byte += 1;
        }
        let mut table = 1;
        while table < 16 {
            let mut byte = 0;
            while byte < 256 {
                let before = table - 1;
                let crc = tables[before / 4][before % 4][byte];
                tables[table / 4][table % 4][byte] = crc >> 8 ^ tables[0][0][(crc & 0xFF) as usize];
                byte += 1;
            }
            table += 1;
        }
        tables
    }

    /// Words of 32 bits, which is what WebAssembly's engines take apart fastest. Records are so short
    /// that a call would cost a twentieth.
    #[inline(always)]
    pub(super) fn append(crc: u32, bytes: &[u8]) -> u32 {
        let [near, second, ..] = &TABLES;
        let [t0, ..] = near;
        let (blocks, rest) = bytes.as_chunks::<16>();
        let mut crc = !crc;
        for block in blocks {
            let [a, b, c, d] = words_of(block);
            crc = four([a ^ crc, b, c, d]);
        }
        let (blocks, rest) = rest.as_chunks::<8>();
        for block in blocks {
            let [a, b] = words_of(block);
            crc = word(second, a ^ crc) ^ word(near, b);
        }
        for byte in rest {
            let [low, ..] = crc.to_le_bytes();
            crc = crc >> 8 ^ entry(t0, low ^ byte);
        }
        !crc
    }

    #[inline]
    pub(super) fn of_words([a, b, c, d, e, f, g]: [u32; 7]) -> u32 {
        let [near, second, third, _] = &TABLES;
        let crc = word(third, a) ^ word(second, b) ^ word(near, c);
        !four([d ^ crc, e, f, g])
    }

    #[inline]
    fn four([a, b, c, d]: [u32; 4]) -> u32 {
        let [near, second, third, far] = &TABLES;
        word(far, a) ^ word(third, b) ^ word(second, c) ^ word(near, d)
    }

    /// What four bytes do to a CRC, by the tables for where they are.
    #[inline]
    fn word([t0, t1, t2, t3]: &Four, word: u32) -> u32 {
        let [b0, b1, b2, b3] = word.to_le_bytes();
        entry(t3, b0) ^ entry(t2, b1) ^ entry(t1, b2) ^ entry(t0, b3)
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a byte is less than 256")]
    fn entry(table: &[u32; 256], byte: u8) -> u32 {
        table[usize::from(byte)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C, and the vectors of RFC 3720, B.4.
    #[test]
    fn known_values() {
        for function in [append, software::append] {
            assert_eq!(function(0, b"123456789"), 0xE306_9283);
            assert_eq!(function(0, &[0; 32]), 0x8A91_36AA);
            assert_eq!(function(0, &[0xFF; 32]), 0x62A8_AB43);
            assert_eq!(function(function(0, b"12345"), b"6789"), 0xE306_9283);
        }
    }

    #[test]
    fn what_is_left_over_counts() {
        let mut record = [0_u8; 200];
        for (at, byte) in (0_u8..).zip(&mut record) {
            *byte = at.wrapping_mul(151).wrapping_add(7);
        }
        for length in HEADER..record.len() {
            let record = record.get(..length).unwrap();
            let (head, rest) = record.split_at(HEADER);
            let expected = append(append(0, rest), head.get(..BEFORE_CRC).unwrap());
            assert_eq!(of_record(record), expected, "{length} bytes");
            assert_eq!(software::append(7, rest), append(7, rest), "{length} bytes");
            assert_eq!(software::of_words(words_of(rest)), of_words(words_of(rest)));
        }
    }
}
