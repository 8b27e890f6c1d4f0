//! Writes numbers of rows, which indexes only estimate, as `%g` of PostgreSQL's `printf` does.

use alloc::format;

use super::text::Text;

/// How many digits `%g` shows at most.
const DIGITS: i32 = 6;

/// `%g`
pub(super) fn write(text: &mut Text<'_>, number: f64) {
    if !number.is_finite() {
        text.str(if number.is_sign_negative() { "-" } else { "" });
        text.str(if number.is_nan() { "nan" } else { "inf" });
        return;
    }
    let scientific = format!("{number:.5e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return };
    let Ok(exponent) = exponent.parse::<i32>() else { return };
    let digits = digits.trim_end_matches('0');
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { "-" } else { "+" };
        text.str(digits.trim_end_matches('.')).str("e").str(sign);
        text.str(if exponent.unsigned_abs() < 10 { "0" } else { "" });
        text.number(exponent.unsigned_abs());
        return;
    }
    let places = DIGITS.saturating_sub(1).saturating_sub(exponent).unsigned_abs() as usize;
    // The same digits as above: as many places as are left of the six behind the point.
    let fixed = format!("{number:.places$}");
    text.str(if fixed.contains('.') {
        fixed.trim_end_matches('0').trim_end_matches('.')
    } else {
        &fixed
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wal::{Utc, Version};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// As `printf '%g'` of a shell prints them.
    #[test]
    fn numbers_are_those_of_printf() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (720.0, "720"),
            (999_999.0, "999999"),
            (999_999.5, "1e+06"),
            (1_000_000.0, "1e+06"),
            (1_000_005.0, "1e+06"),
            (1_000_015.0, "1.00002e+06"),
            (1_234_567.0, "1.23457e+06"),
            (99.5, "99.5"),
            (1_234.567_8, "1234.57"),
            (0.000_1, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (1e100, "1e+100"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            let mut out = Vec::new();
            write(&mut Text::new(&mut out, &Utc, Version::V17), number);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
