//! PostgreSQL's own compression (`src/common/pg_lzcompress.c`): literal bytes, and references to
//! what was written before.

use super::window::Window;

/// Items that a control byte is for.
const ITEMS: u32 = 8;

/// The least length of a reference.
const SHORTEST: usize = 3;

/// The length at which a further byte says how much longer it is.
const LONG: usize = 18;

/// Fills `target` with what `source` says. `None`: it does not fill it, or has bytes too many, or
/// refers to what is before the beginning.
pub(super) fn decompress(source: &[u8], target: &mut [u8]) -> Option<()> {
    let (mut source, mut window) = (source, Window::new(target));
    while window.room() > 0 {
        let (control, rest) = source.split_first()?;
        source = rest;
        for item in 0..ITEMS {
            if source.is_empty() || window.room() == 0 {
                break;
            }
            if control >> item & 1 == 0 {
                let (literal, rest) = source.split_first()?;
                source = rest;
                window.push(*literal)?;
            } else {
                let (distance, length) = reference(&mut source)?;
                // A reference may say more than there is room for.
                window.repeat(distance, length.min(window.room()))?;
            }
        }
    }
    source.is_empty().then_some(())
}

/// How far back, and how much.
fn reference(source: &mut &[u8]) -> Option<(usize, usize)> {
    let ([first, second], mut rest) = source.split_first_chunk()?;
    let distance = usize::from(first & 0xF0) << 4 | usize::from(*second);
    let mut length = usize::from(first & 0x0F).checked_add(SHORTEST)?;
    if length == LONG {
        let (more, behind) = rest.split_first()?;
        length = length.checked_add(usize::from(*more))?;
        rest = behind;
    }
    *source = rest;
    Some((distance, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_overlap_what_they_write() {
        let mut target = [0; 10];
        // "ab", then 8 bytes from 2 back.
        assert_eq!(decompress(&[0b100, b'a', b'b', 0x05, 2], &mut target), Some(()));
        assert_eq!(&target, b"ababababab");
    }

    #[test]
    fn a_long_reference_has_a_byte_more() {
        let mut target = [0; 24];
        assert_eq!(decompress(&[0b10, b'x', 0x0F, 1, 5], &mut target), Some(()));
        assert_eq!(target, [b'x'; 24]);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let mut target = [0; 4];
        for source in [
            // Too short, too long, before the beginning, nowhere, cut in a reference.
            &[0, b'a', b'b', b'c'][..],
            &[0, b'a', b'b', b'c', b'd', b'e'],
            &[0b10, b'a', 0x00, 2],
            &[0b10, b'a', 0x00, 0],
            &[0b10, b'a', 0x00],
            &[0b10, b'a', 0x0F, 1],
            &[],
        ] {
            assert_eq!(decompress(source, &mut target), None, "{source:?}");
        }
    }
}
