//! `tsquery`.
//!
//! Binary form (`tsquerysend` in `src/backend/utils/adt/tsquery.c`): int32 how many items, then the
//! items, each operator before its *right* operand and that before the left one:
//!
//! | bytes | operand |
//! |---|---|
//! | 1 | 1 (`QI_VAL`) |
//! | 1 | weights, a bit each: 8 is A, 1 is D |
//! | 1 | whether it is a prefix |
//! | text and a zero byte | lexeme |
//!
//! | bytes | operator |
//! |---|---|
//! | 1 | 2 (`QI_OPR`) |
//! | 1 | 1 not, 2 and, 3 or, 4 phrase |
//! | int16 | distance: only of a phrase |

use core::fmt::{self, Display, Formatter};

use super::binary_form::text_at;
use super::forms::is_text;
use super::text_vector::write_quoted;
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

const CONTEXT: &str = "tsquery";
const OPERAND: u8 = 1;
const OPERATOR: u8 = 2;
const WEIGHTS: [(u8, &str); 4] = [(8, "A"), (4, "B"), (2, "C"), (1, "D")];
const ALL_WEIGHTS: u8 = 0xF;
/// Right operands within right operands that are followed. PostgreSQL nests queries to the left
/// unless they are written with parentheses.
const MAX_DEPTH: usize = 64;
/// Operators on the way down to the leftmost operand that are remembered for the way back.
const REMEMBERED: usize = 16;

/// A `tsquery`. Displayed, it is PostgreSQL's text.
#[derive(Clone, Copy, Debug)]
pub struct TsQuery<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Text(&'a str),
    /// The items, checked.
    Binary(&'a [u8]),
}

impl<'a> TsQuery<'a> {
    pub(super) const fn from_text(text: &'a str) -> Self {
        Self { form: Form::Text(text) }
    }

    /// `None` for a query whose right operands nest deeper than can be followed here.
    pub(super) fn from_binary(bytes: &'a [u8]) -> Result<Option<Self>> {
        let mut reader = Reader::new(bytes, 0);
        let start = reader;
        let count = reader.i32(CONTEXT)?;
        if count < 0 {
            return Err(start.error(ErrorKind::InvalidLength(i64::from(count)), CONTEXT));
        }
        let items = reader.rest();
        let mut depth = 0;
        if count > 0 {
            let mut walk = Walk::new(reader);
            for _ in 0..count {
                let at = walk.reader;
                // Every operand is there already: this item is one too many.
                if walk.missing == 0 {
                    return Err(at.error(ErrorKind::InvalidBinary, CONTEXT));
                }
                walk.step()?;
                depth = depth.max(walk.missing);
            }
            if walk.missing != 0 {
                return Err(walk.reader.error(ErrorKind::InvalidBinary, CONTEXT));
            }
            reader = walk.reader;
        }
        reader.finish(CONTEXT)?;
        Ok((depth <= MAX_DEPTH).then_some(Self { form: Form::Binary(items) }))
    }
}

impl PartialEq for TsQuery<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.form, other.form) {
            (Form::Text(left), Form::Text(right)) => left == right,
            (Form::Binary(left), Form::Binary(right)) => left == right,
            (Form::Binary(_), Form::Text(text)) => is_text(self, text),
            (Form::Text(text), Form::Binary(_)) => is_text(other, text),
        }
    }
}

impl Eq for TsQuery<'_> {}

impl Display for TsQuery<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Text(text) => f.write_str(text),
            Form::Binary([]) => Ok(()),
            Form::Binary(items) => write_tree(f, Reader::new(items, 0), Place::default()),
        }
    }
}

#[derive(Clone, Copy)]
enum Item<'a> {
    Operand { lexeme: &'a str, weights: u8, is_prefix: bool },
    Operator(Operator),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Not,
    And,
    Or,
    Phrase(i16),
}

impl Operator {
    /// `tsearch_op_priority` in `tsquery_util.c`: the higher, the closer it binds.
    const fn priority(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Phrase(_) => 3,
            Self::Not => 4,
        }
    }
}

fn read_item<'a>(reader: &mut Reader<'a>) -> Result<Item<'a>> {
    let start = *reader;
    match reader.u8(CONTEXT)? {
        OPERAND => {
            let at = *reader;
            let weights = reader.u8(CONTEXT)?;
            if weights > ALL_WEIGHTS {
                return Err(at.error(ErrorKind::InvalidValue(weights), CONTEXT));
            }
            let is_prefix = reader.u8(CONTEXT)? != 0;
            let at = reader.offset();
            let lexeme = text_at(reader.string(CONTEXT)?, at, CONTEXT)?;
            Ok(Item::Operand { lexeme, weights, is_prefix })
        }
        OPERATOR => {
            let at = *reader;
            Ok(Item::Operator(match reader.u8(CONTEXT)? {
                1 => Operator::Not,
                2 => Operator::And,
                3 => Operator::Or,
                4 => Operator::Phrase(reader.i16(CONTEXT)?),
                unknown => return Err(at.error(ErrorKind::InvalidValue(unknown), CONTEXT)),
            }))
        }
        unknown => Err(start.error(ErrorKind::InvalidValue(unknown), CONTEXT)),
    }
}

/// Reads items one after the other and counts the operands that are still missing, which are also
/// the right operands that the reader is in.
struct Walk<'a> {
    reader: Reader<'a>,
    missing: usize,
}

impl<'a> Walk<'a> {
    const fn new(reader: Reader<'a>) -> Self {
        Self { reader, missing: 1 }
    }

    fn step(&mut self) -> Result<()> {
        self.missing = match read_item(&mut self.reader)? {
            Item::Operand { .. } => self.missing.saturating_sub(1),
            Item::Operator(Operator::Not) => self.missing,
            Item::Operator(_) => self.missing.saturating_add(1),
        };
        Ok(())
    }

    /// The reader behind one whole operand.
    fn behind(reader: Reader<'a>) -> Reader<'a> {
        let mut walk = Self::new(reader);
        // Everything was checked when the query was made.
        while walk.missing != 0 && walk.step().is_ok() {}
        walk.reader
    }
}

/// What stands above a part of the query.
#[derive(Clone, Copy, Default)]
struct Place {
    priority: u8,
    /// Whether it is the right operand of a phrase, whose order matters.
    is_right_of_phrase: bool,
}

/// An operator on the way down to the leftmost operand.
#[derive(Clone, Copy)]
struct Node<'a> {
    operator: Operator,
    has_parentheses: bool,
    /// At its right operand.
    right: Reader<'a>,
}

/// Goes down the left operands of a part of the query.
#[derive(Clone, Copy)]
struct Descent<'a> {
    reader: Reader<'a>,
    place: Place,
}

impl<'a> Descent<'a> {
    /// The next operator and how to go on below it, or the leftmost operand.
    fn next(&mut self) -> Option<core::result::Result<Node<'a>, Item<'a>>> {
        let operator = match read_item(&mut self.reader).ok()? {
            Item::Operator(operator) => operator,
            operand @ Item::Operand { .. } => return Some(Err(operand)),
        };
        let is_phrase = matches!(operator, Operator::Phrase(_));
        let has_parentheses = operator.priority() < self.place.priority
            || (is_phrase && self.place.is_right_of_phrase);
        let right = self.reader;
        if operator != Operator::Not {
            self.reader = Walk::behind(right);
        }
        self.place = Place { priority: operator.priority(), is_right_of_phrase: false };
        Some(Ok(Node { operator, has_parentheses, right }))
    }
}

/// Writes the part of the query at `reader` as `infix` in `tsquery.c` does.
///
/// Only right operands recurse, and so deep as was checked: the way down to the leftmost operand
/// can be long.
fn write_tree(f: &mut Formatter<'_>, reader: Reader<'_>, place: Place) -> fmt::Result {
    let top = Descent { reader, place };
    let mut descent = top;
    let mut length = 0_usize;
    while let Some(step) = descent.next() {
        match step {
            Ok(node) => {
                length = length.saturating_add(1);
                f.write_str(if node.has_parentheses { "( " } else { "" })?;
                f.write_str(if node.operator == Operator::Not { "!" } else { "" })?;
            }
            Err(operand) => {
                write_operand(f, operand)?;
                break;
            }
        }
    }
    write_way_back(f, top, length)
}

/// Writes what stands to the right of the next `length` operators, the lowest first.
///
/// Of a long way the lower half comes first; the way to that is gone twice.
fn write_way_back(f: &mut Formatter<'_>, top: Descent<'_>, length: usize) -> fmt::Result {
    let mut descent = top;
    if length > REMEMBERED {
        let half = length / 2;
        for _ in 0..half {
            descent.next();
        }
        write_way_back(f, descent, length.saturating_sub(half))?;
        return write_way_back(f, top, half);
    }
    let mut nodes = [None; REMEMBERED];
    for place in nodes.iter_mut().take(length) {
        *place = descent.next().and_then(core::result::Result::ok);
    }
    nodes.iter().rev().flatten().try_for_each(|node| write_right(f, node))
}

fn write_right(f: &mut Formatter<'_>, node: &Node<'_>) -> fmt::Result {
    match node.operator {
        Operator::Not => {}
        Operator::And => f.write_str(" & ")?,
        Operator::Or => f.write_str(" | ")?,
        Operator::Phrase(1) => f.write_str(" <-> ")?,
        Operator::Phrase(distance) => write!(f, " <{distance}> ")?,
    }
    if node.operator != Operator::Not {
        let is_right_of_phrase = matches!(node.operator, Operator::Phrase(_));
        let place = Place { priority: node.operator.priority(), is_right_of_phrase };
        write_tree(f, node.right, place)?;
    }
    f.write_str(if node.has_parentheses { " )" } else { "" })
}

fn write_operand(f: &mut Formatter<'_>, operand: Item<'_>) -> fmt::Result {
    let Item::Operand { lexeme, weights, is_prefix } = operand else { return Ok(()) };
    write_quoted(f, lexeme)?;
    if weights != 0 || is_prefix {
        f.write_str(if is_prefix { ":*" } else { ":" })?;
    }
    for (bit, name) in WEIGHTS {
        if weights & bit != 0 {
            f.write_str(name)?;
        }
    }
    Ok(())
}
