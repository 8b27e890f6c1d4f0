//! Tar files as PostgreSQL writes them, read as they come (`src/port/tar.c`, POSIX "ustar"):
//!
//! | bytes | field |
//! |---|---|
//! | 0..100 | name, up to a zero byte |
//! | 100..108 | mode, octal |
//! | 124..136 | size: octal, or big-endian where the first byte is 0x80 |
//! | 136..148 | time of the last change in seconds, as the size |
//! | 148..156 | sum of all bytes, these taken as spaces |
//! | 156 | kind: `0` file, `2` symbolic link, `5` directory |
//! | 157..257 | where a symbolic link leads |
//!
//! After the header of 512 bytes comes the content, filled up with zeros to whole blocks of 512. Two
//! blocks of zeros are the end.
//!
//! The crates that read tar files want to pull from a blocking reader, or own it; here pieces are pushed
//! that arrive at any length, and the header is wanted as it is, to be written again.

use std::ops::Range;

use crate::error::{Error, Result};

/// The size of a header, and of what contents are filled up to.
pub(crate) const TAR_BLOCK: usize = 512;

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const SIZE: Range<usize> = 124..136;
const TIME: Range<usize> = 136..148;
const SUM: Range<usize> = 148..156;
const KIND: usize = 156;
const TARGET: Range<usize> = 157..257;
/// What a size that is not octal begins with.
const BINARY: u8 = 0x80;

/// What a member of a tar file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TarKind {
    /// A file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link to there.
    Link(String),
}

/// A member of a tar file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarMember {
    /// Its name, as it stands there: it may be anything.
    pub name: String,
    /// What it is.
    pub kind: TarKind,
    /// Its permissions.
    pub mode: u32,
    /// When it was changed last, in seconds since 1970.
    pub modified: u64,
    /// The header.
    pub header: [u8; 512],
}

/// A piece of a tar file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TarPiece<'a> {
    /// A member begins.
    Member(Box<TarMember>),
    /// More of its content.
    Content(&'a [u8]),
    /// The member is whole.
    MemberEnds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Content {
        left: u64,
        padding: usize,
    },
    Padding(usize),
    /// Behind the first block of zeros.
    End,
}

/// Takes a tar file apart that comes in pieces of any length.
///
/// ```
/// # fn read(bytes: &[u8]) -> walscope::Result<()> {
/// use walscope::{TarPiece, TarReader};
/// let mut reader = TarReader::new();
/// for mut chunk in bytes.chunks(1000) {
///     while let Some(piece) = reader.next(&mut chunk)? {
///         if let TarPiece::Member(member) = piece {
///             println!("{}", member.name);
///         }
///     }
/// }
/// reader.finish()
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TarReader {
    state: State,
    header: [u8; TAR_BLOCK],
    /// How much of the header is there.
    filled: usize,
}

impl Default for TarReader {
    fn default() -> Self {
        Self::new()
    }
}

impl TarReader {
    /// At the beginning.
    pub const fn new() -> Self {
        Self { state: State::Header, header: [0; TAR_BLOCK], filled: 0 }
    }

    /// The next piece, which is taken off the front of `input`; `None`: more input is needed, and all of
    /// this is used up.
    ///
    /// # Errors
    ///
    /// What is no tar file of PostgreSQL's.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<TarPiece<'a>>> {
        loop {
            match self.state {
                State::Content { left: 0, padding } => {
                    self.state = State::Padding(padding);
                    return Ok(Some(TarPiece::MemberEnds));
                }
                State::Padding(0) => self.state = State::Header,
                _ if input.is_empty() => return Ok(None),
                State::Content { left, padding } => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                    let content = take(input, length);
                    self.state = State::Content { left: left - length as u64, padding };
                    return Ok(Some(TarPiece::Content(content)));
                }
                State::Padding(left) => {
                    let length = left.min(input.len());
                    take(input, length);
                    self.state = State::Padding(left - length);
                }
                State::Header => {
                    if let Some(member) = self.header(input)? {
                        return Ok(Some(TarPiece::Member(Box::new(member))));
                    }
                }
                State::End => {
                    if take(input, input.len()).iter().any(|byte| *byte != 0) {
                        return Err(malformed("has something behind its end"));
                    }
                }
            }
        }
    }

    /// Whether the end was there.
    ///
    /// # Errors
    ///
    /// A tar file that is cut off.
    pub fn finish(&self) -> Result<()> {
        match self.state {
            State::End => Ok(()),
            _ => Err(malformed("is cut off")),
        }
    }

    fn header(&mut self, input: &mut &[u8]) -> Result<Option<TarMember>> {
        let more = take(input, (TAR_BLOCK - self.filled).min(input.len()));
        self.header[self.filled..self.filled + more.len()].copy_from_slice(more);
        self.filled += more.len();
        if self.filled < TAR_BLOCK {
            return Ok(None);
        }
        self.filled = 0;
        if self.header.iter().all(|byte| *byte == 0) {
            self.state = State::End;
            return Ok(None);
        }
        let member = member(&self.header)?;
        let left = match member.kind {
            TarKind::File(size) => size,
            _ => 0,
        };
        self.state = State::Content { left, padding: padding(left) };
        Ok(Some(member))
    }
}

/// How many zeros follow a content of that size.
pub(super) fn padding(size: u64) -> usize {
    let over = usize::try_from(size % TAR_BLOCK as u64).unwrap_or(0);
    (TAR_BLOCK - over) % TAR_BLOCK
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length);
    *input = rest;
    taken
}

/// What every header says, of whatever kind its member is: other programs than PostgreSQL know more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TarOutline {
    pub(crate) name: String,
    /// How many bytes of content follow.
    pub(crate) size: u64,
    pub(crate) is_file: bool,
}

impl TarOutline {
    /// # Errors
    ///
    /// When the sum is wrong, or what every header needs is missing.
    pub(crate) fn decode(header: &[u8; TAR_BLOCK]) -> Result<Self> {
        if number(&header[SUM])? != u64::from(sum(header)) {
            return Err(malformed("has a header whose sum is wrong"));
        }
        let name = text(&header[NAME])?;
        if name.is_empty() {
            return Err(malformed("has a member without a name"));
        }
        let is_file = matches!(header[KIND], b'0' | 0);
        Ok(Self { name, size: number(&header[SIZE])?, is_file })
    }
}

fn member(header: &[u8; TAR_BLOCK]) -> Result<TarMember> {
    let TarOutline { name, size, .. } = TarOutline::decode(header)?;
    let kind = match header[KIND] {
        b'0' | 0 => TarKind::File(size),
        b'2' => TarKind::Link(text(&header[TARGET])?),
        b'5' => TarKind::Directory,
        kind => {
            let kind = char::from(kind);
            return Err(malformed(&format!("has a member {name:?} of the unknown kind {kind:?}")));
        }
    };
    let mode = u32::try_from(number(&header[MODE])?).unwrap_or(u32::MAX) & 0o7777;
    Ok(TarMember { name, kind, mode, modified: number(&header[TIME])?, header: *header })
}

fn text(field: &[u8]) -> Result<String> {
    let bytes = field.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|_| malformed("has a name that is not UTF-8"))
}

fn number(field: &[u8]) -> Result<u64> {
    if field.first() == Some(&BINARY) {
        let digits = field.get(field.len().saturating_sub(8)..).unwrap_or_default();
        return Ok(digits.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)));
    }
    let digits = field.split(|byte| matches!(byte, 0 | b' ')).find(|word| !word.is_empty());
    let mut value: u64 = 0;
    for digit in digits.unwrap_or_default() {
        if !(b'0'..=b'7').contains(digit) {
            return Err(malformed("has a header with a number that is none"));
        }
        value = (value << 3) | u64::from(digit - b'0');
    }
    Ok(value)
}

fn sum(header: &[u8; TAR_BLOCK]) -> u32 {
    let bytes = header.iter().enumerate();
    bytes.map(|(at, byte)| u32::from(if SUM.contains(&at) { b' ' } else { *byte })).sum()
}

fn malformed(how: &str) -> Error {
    Error::protocol(format!("the tar archive {how}"))
}

/// The header of a file.
#[cfg(any(feature = "cli", test))]
pub(super) fn file_header(name: &str, size: u64, mode: u32, modified: u64) -> [u8; TAR_BLOCK] {
    let mut header = [0; TAR_BLOCK];
    header[..name.len().min(NAME.end - 1)]
        .copy_from_slice(&name.as_bytes()[..name.len().min(NAME.end - 1)]);
    put(&mut header, MODE, u64::from(mode));
    // Owner and group.
    put(&mut header, 108..116, 0);
    put(&mut header, 116..124, 0);
    put(&mut header, TIME, modified);
    header[KIND] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[265..273].copy_from_slice(b"postgres");
    header[297..305].copy_from_slice(b"postgres");
    put(&mut header, 329..337, 0);
    put(&mut header, 337..345, 0);
    resize(&mut header, size);
    header
}

/// Gives a header another size.
#[cfg(any(feature = "cli", test))]
pub(super) fn resize(header: &mut [u8; TAR_BLOCK], size: u64) {
    put(header, SIZE, size);
    let sum = sum(header);
    put(header, SUM, u64::from(sum));
}

/// Writes a number: octal if it fits, big-endian if not.
#[cfg(any(feature = "cli", test))]
fn put(header: &mut [u8; TAR_BLOCK], field: Range<usize>, value: u64) {
    let field = &mut header[field];
    let width = field.len() - 1;
    let digits = format!("{value:0width$o}");
    if digits.len() == width {
        field[..width].copy_from_slice(digits.as_bytes());
        field[width] = b' ';
        return;
    }
    field.fill(0);
    let bytes = value.to_be_bytes();
    let room = field.len().min(bytes.len());
    let start = field.len() - room;
    field[start..].copy_from_slice(&bytes[bytes.len() - room..]);
    field[0] = BINARY;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in [("a", &b"12345"[..]), ("b/c", b""), ("d", &[7; 1024])] {
            bytes.extend(file_header(name, content.len() as u64, 0o600, 9));
            bytes.extend(content);
            bytes.resize(bytes.len() + padding(content.len() as u64), 0);
        }
        bytes.resize(bytes.len() + 2 * TAR_BLOCK, 0);
        bytes
    }

    /// Names and contents, with a mark behind each member.
    fn read(chunks: &[&[u8]]) -> Result<String> {
        let mut reader = TarReader::new();
        let mut said = String::new();
        for chunk in chunks {
            let mut chunk = *chunk;
            while let Some(piece) = reader.next(&mut chunk)? {
                match piece {
                    TarPiece::Member(member) => said += &format!("{}:", member.name),
                    TarPiece::Content(bytes) => said += &String::from_utf8_lossy(bytes),
                    TarPiece::MemberEnds => said.push(';'),
                }
            }
            assert!(chunk.is_empty());
        }
        reader.finish().map(|()| said)
    }

    #[test]
    fn any_split_gives_the_same_and_any_prefix_is_cut_off() {
        let bytes = archive();
        let whole = read(&[&bytes]).expect("an archive");
        assert!(whole.starts_with("a:12345;b/c:;d:\u{7}"), "{whole}");
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(read(&[head, tail]).expect("an archive"), whole, "cut at {cut}");
            if cut < bytes.len() - TAR_BLOCK {
                assert!(read(&[head]).is_err(), "cut at {cut}");
            }
        }
    }

    #[test]
    fn any_flipped_byte_of_a_header_is_noticed() {
        let bytes = archive();
        for at in (0..TAR_BLOCK).filter(|at| !SUM.contains(at)) {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            assert!(read(&[&bytes]).is_err(), "byte {at}");
        }
    }

    #[test]
    fn sizes_beyond_octal_come_back() {
        for size in [0, 1, 0o77_777_777_777, 0o100_000_000_000, u64::MAX / 2] {
            let header = file_header("x", size, 0o640, 1 << 33);
            let member = member(&header).expect("a header");
            assert_eq!(member.kind, TarKind::File(size));
            assert_eq!((member.mode, member.modified), (0o640, 1 << 33));
        }
    }
}
