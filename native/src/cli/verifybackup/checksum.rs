//! The checksums of files (`src/common/checksum_helper.c`).

use aws_lc_rs::digest::{self, Context};

use crate::ChecksumAlgorithm;

/// A checksum that is being computed.
pub(in crate::cli) enum Checksum {
    None,
    Crc32c(u32),
    Sha(Box<Context>),
}

impl Checksum {
    pub(in crate::cli) fn new(algorithm: ChecksumAlgorithm) -> Self {
        let algorithm = match algorithm {
            ChecksumAlgorithm::None => return Self::None,
            ChecksumAlgorithm::Crc32c => return Self::Crc32c(0),
            ChecksumAlgorithm::Sha224 => &digest::SHA224,
            ChecksumAlgorithm::Sha256 => &digest::SHA256,
            ChecksumAlgorithm::Sha384 => &digest::SHA384,
            ChecksumAlgorithm::Sha512 => &digest::SHA512,
        };
        Self::Sha(Box::new(Context::new(algorithm)))
    }

    pub(in crate::cli) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Crc32c(crc) => *crc = crc32c::crc32c_append(*crc, bytes),
            Self::Sha(context) => context.update(bytes),
        }
    }

    /// The checksum of what this is the checksum of, with so many bytes behind it that have the checksum
    /// `next`. Only CRCs can be joined: of others this stays the checksum of what is before.
    pub(in crate::cli) fn join(self, next: Self, length: u64) -> Self {
        match (self, next) {
            (Self::Crc32c(crc), Self::Crc32c(next)) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Self::Crc32c(crc32c::crc32c_combine(crc, next, length))
            }
            (whole, _) => whole,
        }
    }

    /// The bytes, as in the manifest: a CRC's in the machine's order, which is little-endian on all that
    /// matter.
    pub(in crate::cli) fn finish(self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Crc32c(crc) => crc.to_ne_bytes().to_vec(),
            Self::Sha(context) => context.finish().as_ref().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of what `sha224sum` and its kin say of `abc`, and the check value of CRC-32C.
    #[test]
    fn checksums_are_those_of_others() {
        for (algorithm, bytes, begins, length) in [
            (ChecksumAlgorithm::Crc32c, "123456789", &[0x83, 0x92, 0x06, 0xE3][..], 4),
            (ChecksumAlgorithm::Sha224, "abc", &[0x23, 0x09, 0x7D, 0x22], 28),
            (ChecksumAlgorithm::Sha256, "abc", &[0xBA, 0x78, 0x16, 0xBF], 32),
            (ChecksumAlgorithm::Sha384, "abc", &[0xCB, 0x00, 0x75, 0x3F], 48),
            (ChecksumAlgorithm::Sha512, "abc", &[0xDD, 0xAF, 0x35, 0xA1], 64),
            (ChecksumAlgorithm::None, "abc", &[], 0),
        ] {
            let mut checksum = Checksum::new(algorithm);
            checksum.update(&bytes.as_bytes()[..1]);
            checksum.update(&bytes.as_bytes()[1..]);
            let found = checksum.finish();
            assert_eq!((&found[..begins.len()], found.len()), (begins, length), "{algorithm}");
        }
    }
}
