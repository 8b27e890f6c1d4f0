//! `inet`, `cidr`, `macaddr` and `macaddr8`.
//!
//! Binary form of `inet` and `cidr` (`network_send` in `src/backend/utils/adt/network.c`):
//!
//! | bytes | field |
//! |---|---|
//! | 1 | family: 2 for IPv4, 3 for IPv6 (`PGSQL_AF_INET`, `PGSQL_AF_INET6`) |
//! | 1 | bits of the network part |
//! | 1 | 1 for `cidr`, 0 for `inet` |
//! | 1 | length of the address: 4 or 16 |
//! | 4 or 16 | address |
//!
//! `macaddr` is 6 bytes, `macaddr8` is 8 (`macaddr_send` in `mac.c`, `macaddr8_send` in `mac8.c`).

use core::fmt::{self, Display, Formatter};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ascii::Ascii;
use super::bytea::hex_byte;
use super::{invalid, number};
use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

const FAMILY_IPV4: u8 = 2;
const FAMILY_IPV6: u8 = 3;

/// An address with the length of its network part: `inet` or `cidr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inet {
    address: IpAddr,
    prefix: u8,
    is_cidr: bool,
}

impl Inet {
    /// The address.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// Bits of the network part: at most 32 of IPv4, 128 of IPv6, which mean one host.
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether it is a `cidr`, whose text always shows the prefix.
    pub const fn is_cidr(self) -> bool {
        self.is_cidr
    }

    const fn longest_prefix(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    pub(super) fn from_text(text: &str, is_cidr: bool) -> Result<Self> {
        Self::parse(text, is_cidr).ok_or_else(|| invalid(if is_cidr { "cidr" } else { "inet" }))
    }

    fn parse(text: &str, is_cidr: bool) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(number::parse_digits(prefix)?)),
            None => (text, None),
        };
        let address = address.parse().ok()?;
        let longest = Self::longest_prefix(address);
        let prefix = prefix.unwrap_or(longest);
        (prefix <= longest).then_some(Self { address, prefix, is_cidr })
    }

    pub(super) fn from_binary(bytes: &[u8], is_cidr: bool) -> Result<Self> {
        let context = if is_cidr { "cidr" } else { "inet" };
        let mut reader = Reader::new(bytes, 0);
        let start = reader;
        let family = reader.u8(context)?;
        let at_prefix = reader;
        let prefix = reader.u8(context)?;
        // The type says which it is, as it does for `network_recv`.
        reader.u8(context)?;
        let at_length = reader;
        let length = reader.u8(context)?;
        let (address, expected) = match family {
            FAMILY_IPV4 => (IpAddr::V4(Ipv4Addr::from(reader.array::<4>(context)?)), 4),
            FAMILY_IPV6 => (IpAddr::V6(Ipv6Addr::from(reader.array::<16>(context)?)), 16),
            _ => return Err(start.error(ErrorKind::InvalidValue(family), context)),
        };
        if length != expected {
            return Err(at_length.error(ErrorKind::InvalidLength(i64::from(length)), context));
        }
        if prefix > Self::longest_prefix(address) {
            return Err(at_prefix.error(ErrorKind::InvalidValue(prefix), context));
        }
        reader.finish(context)?;
        Ok(Self { address, prefix, is_cidr })
    }
}

impl Display for Inet {
    /// `network_out` in `network.c`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}")?,
            IpAddr::V6(address) => write_ipv6(f, address)?,
        }
        if self.is_cidr || self.prefix != Self::longest_prefix(self.address) {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

/// `inet_net_ntop_ipv6` in `src/port/inet_net_ntop.c`: the longest run of zeros is left out, and an
/// IPv4 address within shows as one more often than Rust and RFC 5952 have it.
fn write_ipv6(f: &mut Formatter<'_>, address: Ipv6Addr) -> fmt::Result {
    let words = address.segments();
    let (start, length) = longest_zeros(words);
    let tail = words.last().copied().unwrap_or(0);
    let holds_ipv4 = start == 0
        && match length {
            6 => true,
            7 => tail != 1,
            5 => words.get(5) == Some(&0xFFFF),
            _ => false,
        };
    let end = start.saturating_add(length);
    for (at, word) in words.into_iter().enumerate() {
        if (start..end).contains(&at) {
            if at == start {
                f.write_str(":")?;
            }
            continue;
        }
        if at != 0 {
            f.write_str(":")?;
        }
        if at == 6 && holds_ipv4 {
            let [.., a, b, c, d] = address.octets();
            return write!(f, "{}", Ipv4Addr::new(a, b, c, d));
        }
        write!(f, "{word:x}")?;
    }
    if length != 0 && end == words.len() { f.write_str(":") } else { Ok(()) }
}

/// Start and length of the first of the longest runs of zero words, of which two at least make one.
fn longest_zeros(words: [u16; 8]) -> (usize, usize) {
    let (mut best, mut run) = ((0, 0_usize), 0_usize);
    for (at, word) in words.into_iter().enumerate() {
        run = if word == 0 { run.saturating_add(1) } else { 0 };
        if run > best.1 {
            best = (at.saturating_add(1).saturating_sub(run), run);
        }
    }
    if best.1 < 2 { (0, 0) } else { best }
}

/// A MAC address of six bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

/// A MAC address of eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr8(pub [u8; 8]);

impl MacAddr {
    pub(super) fn from_text(text: &str) -> Result<Self> {
        parse_mac(text).map(Self).ok_or_else(|| invalid("macaddr"))
    }
}

impl MacAddr8 {
    pub(super) fn from_text(text: &str) -> Result<Self> {
        parse_mac(text).map(Self).ok_or_else(|| invalid("macaddr8"))
    }
}

impl Display for MacAddr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_mac(f, &self.0)
    }
}

impl Display for MacAddr8 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_mac(f, &self.0)
    }
}

fn parse_mac<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut mac = [0; N];
    let mut pairs = text.split(':');
    for byte in &mut mac {
        *byte = hex_byte(pairs.next()?.as_bytes().try_into().ok()?)?;
    }
    pairs.next().is_none().then_some(mac)
}

fn write_mac(f: &mut Formatter<'_>, mac: &[u8]) -> fmt::Result {
    let mut out = Ascii::new(f);
    for (at, &byte) in mac.iter().enumerate() {
        if at != 0 {
            out.push(b':')?;
        }
        out.hex(byte)?;
    }
    out.flush()
}
