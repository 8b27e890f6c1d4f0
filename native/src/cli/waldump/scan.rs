//! Reads numbers as `sscanf` of the C library does: white space and a sign may come before them, and
//! anything behind.

use walscope_core::Lsn;

/// A number in base 10 or 16, and what follows it. One of more than 64 bits becomes the largest.
fn number(text: &[u8], base: u32) -> Option<(u64, &[u8])> {
    let text = text.trim_ascii_start();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let is_digit = |byte: u8| char::from(byte).is_digit(base);
    let text = match text {
        [b'0', b'x' | b'X', first, ..] if base == 16 && is_digit(*first) => &text[2..],
        _ => text,
    };
    let length = text.iter().take_while(|byte| is_digit(**byte)).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() {
        return None;
    }
    let digits = digits.iter().filter_map(|digit| char::from(*digit).to_digit(base));
    let value = digits
        .fold(0_u64, |value, digit| value.saturating_mul(base.into()).saturating_add(digit.into()));
    Some((if negative { value.wrapping_neg() } else { value }, rest))
}

/// `%u`
pub(super) fn unsigned(text: &[u8]) -> Option<(u32, &[u8])> {
    number(text, 10).map(|(value, rest)| (low(value), rest))
}

/// `%d`
pub(super) fn signed(text: &[u8]) -> Option<i32> {
    number(text, 10).map(|(value, _)| low(value).cast_signed())
}

/// `%X/%X`
pub(super) fn lsn(text: &[u8]) -> Option<Lsn> {
    let (high, rest) = number(text, 16)?;
    let (lower, _) = number(rest.strip_prefix(b"/")?, 16)?;
    Some(Lsn(u64::from(low(high)) << 32 | u64::from(low(lower))))
}

/// `%08X` of a file name's part.
pub(super) fn hexadecimal(text: &[u8]) -> Option<u32> {
    number(text, 16).map(|(value, _)| low(value))
}

/// `%u/%u/%u`
pub(super) fn three(text: &[u8]) -> Option<[u32; 3]> {
    let (first, rest) = unsigned(text)?;
    let (second, rest) = unsigned(rest.strip_prefix(b"/")?)?;
    let (third, _) = unsigned(rest.strip_prefix(b"/")?)?;
    Some([first, second, third])
}

/// A whole number in base 8, 10 or 16 with nothing but white space behind it (`strtoul`); `None`:
/// something else is there. What does not fit is the largest number.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    let trimmed = text.trim_ascii();
    let (sign, digits) = match trimmed {
        [sign @ (b'-' | b'+'), rest @ ..] => (*sign, rest),
        _ => (b'+', trimmed),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    // Nothing at all is 0.
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        Some(value.saturating_mul(base.into()).saturating_add(digit.into()))
    })?;
    Some(if sign == b'-' { value.wrapping_neg() } else { value })
}

/// What the C library puts into 32 bits of a longer number.
const fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_number_does_not_matter() {
        assert_eq!(lsn(b"0/3800028"), Some(Lsn(0x0380_0028)));
        assert_eq!(lsn(b" 1/0xAbz"), Some(Lsn(0x1_0000_00AB)));
        assert_eq!(lsn(b"0/"), None);
        assert_eq!(lsn(b"g/1"), None);
        assert_eq!(unsigned(b"12x"), Some((12, b"x".as_slice())));
        assert_eq!(unsigned(b"-1"), Some((u32::MAX, b"".as_slice())));
        assert_eq!(signed(b"-5"), Some(-5));
        assert_eq!(signed(b"x"), None);
        assert_eq!(three(b"1663/5/16384"), Some([1663, 5, 16384]));
        assert_eq!(three(b"1663/5"), None);
    }

    #[test]
    fn whole_numbers_have_bases() {
        assert_eq!(whole(b" 10 "), Some(10));
        assert_eq!(whole(b"0x10"), Some(16));
        assert_eq!(whole(b"010"), Some(8));
        assert_eq!(whole(b"10y"), None);
        assert_eq!(whole(b""), Some(0));
    }
}
