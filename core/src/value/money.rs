//! `money` under `lc_monetary=C`: `-$1,234.50` (`cash_out` in `src/backend/utils/adt/cash.c`).

use core::fmt::{self, Display, Formatter};

use super::ascii::{Ascii, Digits};
use super::invalid;
use crate::error::Result;

/// Digits between two commas.
const GROUP: usize = 3;

/// An amount in the smallest unit of its currency, which in the C locale is a hundredth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i64);

impl Money {
    pub(super) fn from_text(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| invalid("money"))
    }
}

fn parse(text: &str) -> Option<Money> {
    let (negative, amount) = match text.strip_prefix('-') {
        Some(amount) => (true, amount),
        None => (false, text),
    };
    let (units, cents) = amount.strip_prefix('$')?.split_once('.')?;
    if cents.len() != 2 || units.is_empty() {
        return None;
    }
    let digits = units.bytes().filter(|&byte| byte != b',').chain(cents.bytes());
    let mut total = 0_i64;
    for byte in digits {
        let digit = i64::from(char::from(byte).to_digit(10)?);
        // Towards the sign, since the lowest amount has no positive counterpart.
        let digit = if negative { digit.checked_neg()? } else { digit };
        total = total.checked_mul(10)?.checked_add(digit)?;
    }
    Some(Money(total))
}

impl Display for Money {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut out = Ascii::new(f);
        if self.0 < 0 {
            out.push(b'-')?;
        }
        out.push(b'$')?;
        let cents = self.0.unsigned_abs();
        let units = Digits::of(cents / 100);
        let mut behind = units.as_slice().len();
        for &digit in units.as_slice() {
            out.push(digit)?;
            behind = behind.saturating_sub(1);
            if behind != 0 && behind.is_multiple_of(GROUP) {
                out.push(b',')?;
            }
        }
        out.push(b'.')?;
        out.two_digits(cents)?;
        out.flush()
    }
}
