//! `bit(n)` and `bit varying`.
//!
//! Binary form (`bit_send`, `varbit_send` in `src/backend/utils/adt/varbit.c`): int32 number of
//! bits, then the bits, the first one highest in the first byte, the last byte filled up with zeros.

use core::fmt::{self, Display, Formatter};

use super::ascii::Ascii;
use super::invalid;
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

/// A string of bits.
#[derive(Clone, Copy, Debug)]
pub struct BitString<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    /// `0` and `1`.
    Text(&'a str),
    Binary {
        length: usize,
        bytes: &'a [u8],
    },
}

impl<'a> BitString<'a> {
    pub(super) fn from_text(text: &'a str, context: &'static str) -> Result<Self> {
        if text.bytes().all(|byte| matches!(byte, b'0' | b'1')) {
            Ok(Self { form: Form::Text(text) })
        } else {
            Err(invalid(context))
        }
    }

    pub(super) fn from_binary(bytes: &'a [u8], context: &'static str) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let start = reader;
        let length = reader.i32(context)?;
        let Ok(length) = usize::try_from(length) else {
            return Err(start.error(ErrorKind::InvalidLength(i64::from(length)), context));
        };
        let bytes = reader.bytes(length.div_ceil(8), context)?;
        reader.finish(context)?;
        Ok(Self { form: Form::Binary { length, bytes } })
    }

    /// How many bits it has.
    pub const fn len(&self) -> usize {
        match self.form {
            Form::Text(text) => text.len(),
            Form::Binary { length, .. } => length,
        }
    }

    /// Whether it has no bits.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bits, from the left.
    pub fn bits(&self) -> impl ExactSizeIterator<Item = bool> + Clone + use<'a> {
        let form = self.form;
        (0..self.len()).map(move |at| match form {
            Form::Text(text) => text.as_bytes().get(at) == Some(&b'1'),
            Form::Binary { bytes, .. } => {
                bytes.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
            }
        })
    }
}

impl PartialEq for BitString<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bits().eq(other.bits())
    }
}

impl Eq for BitString<'_> {}

impl Display for BitString<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Form::Text(text) = self.form {
            return f.write_str(text);
        }
        let mut out = Ascii::new(f);
        self.bits().try_for_each(|bit| out.push(if bit { b'1' } else { b'0' }))?;
        out.flush()
    }
}
