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
/// the header in one block that ends with them and begins with zeros: of zeros the CRC is that of
/// nothing if the register is 0, and what the register was goes into the first bytes behind them.
#[inline]
pub(super) fn of_record(record: &[u8]) -> u32 {
    let Some((head, rest)) = record.split_first_chunk::<HEADER>() else {
        return append(0, record.get(..BEFORE_CRC).unwrap_or_default());
    };
    let left = rest.len() % WORD;
    let words = rest.len().saturating_sub(left);
    let register = !append(0, rest.get(..words).unwrap_or_default());
    // The last bytes of the record, of which those stay that are left over.
    let last = u64::from_le_bytes(*record.last_chunk().unwrap_or(&[0; WORD]));
    let last = last & u64::MAX.unbounded_shl(bits(WORD.saturating_sub(left)));
    // The block: 4 zeros, 8 bytes with what is left over at their end, 20 bytes of the header.
    let header = u128::from_le_bytes(*head.first_chunk().unwrap_or(&[0; 16]));
    let behind = u128::from_le_bytes(*head.last_chunk().unwrap_or(&[0; 16]));
    let front = u128::from(last) << 32 | header << 96;
    let front = front ^ u128::from(register) << bits((BEFORE_CRC - WORD).saturating_sub(left));
    // Bytes 4 to 20 of the header: the CRC behind them is cut off.
    let back = header >> 32 | (behind >> 64 & 0xFFFF_FFFF) << 96;
    let mut block = [0; 32];
    let (low, high) = block.split_at_mut(16);
    low.copy_from_slice(&front.to_le_bytes());
    high.copy_from_slice(&back.to_le_bytes());
    append(u32::MAX, &block)
}

/// So many bytes in bits.
#[expect(clippy::cast_possible_truncation, reason = "at most 12 bytes")]
const fn bits(bytes: usize) -> u32 {
    (bytes as u32).wrapping_mul(8)
}

/// The CRC of what had the CRC `crc`, and `bytes` behind it.
#[cfg(feature = "std")]
#[inline]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

/// The CRC of what had the CRC `crc`, and `bytes` behind it.
#[cfg(not(feature = "std"))]
#[inline]
fn append(crc: u32, bytes: &[u8]) -> u32 {
    software::append(crc, bytes)
}

/// Sixteen bytes at a time by tables, where there is no instruction for it.
#[cfg(any(not(feature = "std"), test))]
mod software {
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

    /// Words of 32 bits, which is what WebAssembly's engines take apart fastest.
    pub(super) fn append(crc: u32, bytes: &[u8]) -> u32 {
        let [near, second, third, far] = &TABLES;
        let [t0, ..] = near;
        let (blocks, rest) = bytes.as_chunks::<16>();
        let mut crc = !crc;
        for block in blocks {
            let [a, b, c, d] = words(block);
            crc = word(far, a ^ crc) ^ word(third, b) ^ word(second, c) ^ word(near, d);
        }
        let (blocks, rest) = rest.as_chunks::<8>();
        for block in blocks {
            let [a, b] = words(block);
            crc = word(second, a ^ crc) ^ word(near, b);
        }
        for byte in rest {
            let [low, ..] = crc.to_le_bytes();
            crc = crc >> 8 ^ entry(t0, low ^ byte);
        }
        !crc
    }

    /// The words of a block.
    #[inline]
    fn words<const WORDS: usize>(block: &[u8]) -> [u32; WORDS] {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        words
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
        }
    }
}
