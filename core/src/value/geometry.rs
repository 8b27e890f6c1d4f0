//! `point`, `line`, `lseg`, `box`, `path`, `polygon` and `circle`
//! (`src/backend/utils/adt/geo_ops.c`).
//!
//! Binary forms, all numbers of double precision unless said otherwise:
//!
//! | type | text | bytes |
//! |---|---|---|
//! | `point` | `(x,y)` | x, y |
//! | `line` | `{A,B,C}` | A, B, C of Ax + By + C = 0 |
//! | `lseg` | `[(x,y),(x,y)]` | two points |
//! | `box` | `(x,y),(x,y)` | upper right and lower left corner |
//! | `path` | `((x,y),...)`, `[(x,y),...]` | 1 byte: is closed; int32 how many; points |
//! | `polygon` | `((x,y),...)` | int32 how many; points |
//! | `circle` | `<(x,y),r>` | centre, radius |

use core::fmt::{self, Display, Formatter};

use super::{float, invalid};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

/// Bytes of a point.
const POINT: usize = 16;

/// `point`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The first coordinate.
    pub x: f64,
    /// The second coordinate.
    pub y: f64,
}

/// `line`: all points with ax + by + c = 0
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The factor of x.
    pub a: f64,
    /// The factor of y.
    pub b: f64,
    /// The constant.
    pub c: f64,
}

/// `lseg`: a line segment between two points
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lseg {
    /// Its ends, in the order they were given in.
    pub ends: [Point; 2],
}

/// `box`: a rectangle along the axes
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Box {
    /// The upper right corner.
    pub high: Point,
    /// The lower left corner.
    pub low: Point,
}

/// `circle`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circle {
    /// Its centre.
    pub center: Point,
    /// Its radius.
    pub radius: f64,
}

/// `path`: points with lines between them
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path<'a> {
    /// Whether a line leads from the last point back to the first.
    pub is_closed: bool,
    /// The points, one at least.
    pub points: Points<'a>,
}

/// `polygon`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polygon<'a> {
    /// The corners, one at least.
    pub points: Points<'a>,
}

impl Point {
    pub(super) fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        Ok(Self { x: reader.f64(context)?, y: reader.f64(context)? })
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        only(Self::split(text)).ok_or_else(|| invalid("point"))
    }

    /// Splits the text behind a point.
    fn split(text: &str) -> Option<(Self, &str)> {
        let (inner, rest) = text.strip_prefix('(')?.split_once(')')?;
        let (x, y) = inner.split_once(',')?;
        Some((Self { x: float::parse(x)?, y: float::parse(y)? }, rest))
    }

    /// Splits the text behind two points.
    fn split_two(text: &str) -> Option<([Self; 2], &str)> {
        let (first, rest) = Self::split(text)?;
        let (second, rest) = Self::split(rest.strip_prefix(',')?)?;
        Some(([first, second], rest))
    }
}

impl Line {
    pub(super) fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        let (a, b) = (reader.f64(context)?, reader.f64(context)?);
        Ok(Self { a, b, c: reader.f64(context)? })
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let mut numbers = between(text, "{", "}").unwrap_or_default().splitn(3, ',');
        let mut next = || numbers.next().and_then(float::parse);
        match (next(), next(), next()) {
            (Some(a), Some(b), Some(c)) => Ok(Self { a, b, c }),
            _ => Err(invalid("line")),
        }
    }
}

impl Lseg {
    pub(super) fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        Ok(Self { ends: [Point::read(reader, context)?, Point::read(reader, context)?] })
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let ends = between(text, "[", "]").and_then(|text| only(Point::split_two(text)));
        ends.map(|ends| Self { ends }).ok_or_else(|| invalid("lseg"))
    }
}

impl Box {
    pub(super) fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        Ok(Self { high: Point::read(reader, context)?, low: Point::read(reader, context)? })
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let corners = only(Point::split_two(text));
        corners.map(|[high, low]| Self { high, low }).ok_or_else(|| invalid("box"))
    }
}

impl Circle {
    pub(super) fn read(reader: &mut Reader<'_>, context: &'static str) -> Result<Self> {
        Ok(Self { center: Point::read(reader, context)?, radius: reader.f64(context)? })
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        let split = || {
            let (center, rest) = Point::split(between(text, "<", ">")?)?;
            Some(Self { center, radius: float::parse(rest.strip_prefix(',')?)? })
        };
        split().ok_or_else(|| invalid("circle"))
    }
}

impl<'a> Path<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        let is_closed = reader.u8(context)? != 0;
        Ok(Self { is_closed, points: Points::read(reader, context)? })
    }

    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let is_closed = text.starts_with('(');
        let inner = if is_closed { between(text, "(", ")") } else { between(text, "[", "]") };
        let points = inner.and_then(Points::from_text);
        points.map(|points| Self { is_closed, points }).ok_or_else(|| invalid("path"))
    }
}

impl<'a> Polygon<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        Ok(Self { points: Points::read(reader, context)? })
    }

    pub(super) fn from_text(text: &'a str) -> Result<Self> {
        let points = between(text, "(", ")").and_then(Points::from_text);
        points.map(|points| Self { points }).ok_or_else(|| invalid("polygon"))
    }
}

/// The points of a path or a polygon.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Form<'a> {
    Text(&'a str),
    Binary(&'a [[u8; POINT]]),
}

impl<'a> Points<'a> {
    fn read(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        let start = *reader;
        let claimed = reader.i32(context)?;
        let Some(count) = usize::try_from(claimed).ok().filter(|&count| count > 0) else {
            return Err(start.error(ErrorKind::InvalidLength(i64::from(claimed)), context));
        };
        let (points, _) = reader.bytes(count.saturating_mul(POINT), context)?.as_chunks();
        Ok(Self { form: Form::Binary(points) })
    }

    /// Checks every point, so that walking over them cannot fail.
    fn from_text(text: &'a str) -> Option<Self> {
        let (_, mut rest) = Point::split(text)?;
        while !rest.is_empty() {
            (_, rest) = Point::split(rest.strip_prefix(',')?)?;
        }
        Some(Self { form: Form::Text(text) })
    }

    /// The points, in order.
    pub fn iter(&self) -> impl Iterator<Item = Point> + Clone + use<'a> {
        let (text, binary) = match self.form {
            Form::Text(text) => (text, [].as_slice()),
            Form::Binary(points) => ("", points),
        };
        let mut rest = text;
        let of_text = core::iter::from_fn(move || {
            let (point, behind) = Point::split(rest)?;
            rest = behind.strip_prefix(',').unwrap_or_default();
            Some(point)
        });
        // The slices have the length of a point.
        let of_binary =
            binary.iter().filter_map(|bytes| Point::read(&mut Reader::new(bytes, 0), "").ok());
        of_text.chain(of_binary)
    }
}

impl PartialEq for Points<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// What lies between two delimiters that begin and end a text.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// What was split off, if nothing is left.
fn only<T>(split: Option<(T, &str)>) -> Option<T> {
    split.filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// A number of double precision, displayed as PostgreSQL does.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        float::write_f64(f, self.0)
    }
}

impl Display for Point {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", Number(self.x), Number(self.y))
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{{{},{},{}}}", Number(self.a), Number(self.b), Number(self.c))
    }
}

impl Display for Lseg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [first, second] = self.ends;
        write!(f, "[{first},{second}]")
    }
}

impl Display for Box {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.high, self.low)
    }
}

impl Display for Circle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<{},{}>", self.center, Number(self.radius))
    }
}

impl Display for Points<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, point) in self.iter().enumerate() {
            if at != 0 {
                f.write_str(",")?;
            }
            point.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_closed { write!(f, "({})", self.points) } else { write!(f, "[{}]", self.points) }
    }
}

impl Display for Polygon<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.points)
    }
}
