//! What a consumer has seen: the same for every contender, or one of them has lost rows.

use core::fmt;
use core::hint::black_box;
use core::str::FromStr;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use walscope_core::pgoutput::{Column, Message, Tuple};

/// The identity of the row that ends a run: whoever reads it stops at the end of its transaction.
pub const END: i64 = -1;

/// The row set, whatever the order: how many, the sum of their identities and of the squares of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    pub rows: u64,
    pub ids: u64,
    pub squares: u64,
}

impl RowSet {
    pub fn add(&mut self, id: i64) {
        let id = id.cast_unsigned();
        self.rows += 1;
        self.ids = self.ids.wrapping_add(id);
        self.squares = self.squares.wrapping_add(id.wrapping_mul(id));
    }
}

impl fmt::Display for RowSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rows, self.ids, self.squares)
    }
}

impl FromStr for RowSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<u64>> = text.split(' ').map(|word| word.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[rows, ids, squares]) => Ok(Self { rows, ids, squares }),
            _ => Err(format!("not a row set: {text}")),
        }
    }
}

/// Counts what a consumer reads. Every value's bytes are looked at.
#[derive(Debug, Default)]
pub struct Tally {
    pub set: RowSet,
    bytes: u64,
    id: i64,
    column: usize,
    ended: bool,
    /// When each row was seen, in microseconds since 1970, where that is measured.
    pub seen: Option<Vec<u64>>,
}

impl Tally {
    pub fn new(timed: bool) -> Self {
        Self { seen: timed.then(Vec::new), ..Self::default() }
    }

    /// The row that ends the run was seen.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// A row begins. Its first column is its identity.
    #[inline]
    pub fn row(&mut self) {
        self.column = 0;
    }

    /// A column of the row, in the order of columns.
    #[inline]
    pub fn column(&mut self, bytes: &[u8], binary: bool) {
        self.bytes += black_box(bytes).len() as u64;
        if self.column == 0 {
            self.id = if binary { integer(bytes) } else { number(bytes) };
        }
        self.column += 1;
    }

    /// The row that was read last is what a change left behind, or took away.
    #[inline]
    pub fn changed(&mut self) {
        self.set.add(self.id);
        self.ended |= self.id == END;
        if let Some(seen) = &mut self.seen {
            seen.push(micros());
        }
    }

    /// A message as walscope decodes it.
    #[inline]
    pub fn message(&mut self, message: &Message<'_>) {
        match message {
            Message::Insert(insert) => self.tuple(&insert.new),
            Message::Update(update) => {
                if let Some(old) = update.old {
                    self.tuple(&old.tuple());
                }
                self.tuple(&update.new);
            }
            Message::Delete(delete) => self.tuple(&delete.old.tuple()),
            _ => return,
        }
        self.changed();
    }

    #[inline]
    fn tuple(&mut self, tuple: &Tuple<'_>) {
        self.row();
        for column in tuple {
            match column {
                Column::Text(bytes) => self.column(bytes, false),
                Column::Binary(bytes) => self.column(bytes, true),
                _ => {}
            }
        }
    }

    /// Tells the process that measures.
    pub fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.set)?;
        for seen in self.seen.iter().flatten() {
            writeln!(out, "{seen}")?;
        }
        out.flush()
    }
}

/// The wall clock in microseconds.
pub fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// PostgreSQL's text of an integer.
#[inline]
fn number(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let value = digits.iter().fold(0_i64, |value, digit| value * 10 + i64::from(digit & 0x0F));
    if negative { -value } else { value }
}

/// Its binary form, of two, four or eight bytes.
#[inline]
fn integer(bytes: &[u8]) -> i64 {
    let sign = bytes.first().map_or(0, |first| if first & 0x80 == 0 { 0 } else { -1 });
    bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte))
}
