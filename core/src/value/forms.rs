//! Values that are kept in the form they came in, compared over both forms.

use core::fmt::{self, Display, Write};

/// Compares what is written with a text, without a copy of either.
struct Expected<'a> {
    rest: &'a str,
}

impl Write for Expected<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.rest = self.rest.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// Whether the text of `value` is `text`.
pub(super) fn is_text(value: &impl Display, text: &str) -> bool {
    let mut expected = Expected { rest: text };
    write!(expected, "{value}").is_ok() && expected.rest.is_empty()
}
