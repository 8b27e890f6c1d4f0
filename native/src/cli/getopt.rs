//! Takes a command line apart as `getopt_long` of the GNU C library does: options may be shortened and
//! may follow other arguments.

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    No,
    Required,
    /// Only as `--name=value`.
    Optional,
}

/// An option that there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its letter; `None`: it has none.
    pub(super) letter: Option<u8>,
    pub(super) name: &'static str,
    pub(super) value: Value,
    /// Whether its name may be shortened.
    pub(super) shortens: bool,
}

/// An option that was given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) name: &'static str,
    pub(super) value: Option<Vec<u8>>,
}

/// A command line that is taken apart from left to right.
#[derive(Debug)]
pub(super) struct CommandLine<'k> {
    known: &'k [Known],
    arguments: std::vec::IntoIter<Vec<u8>>,
    /// What is left of letters behind one `-`.
    letters: Vec<u8>,
    /// What is no option.
    others: Vec<Vec<u8>>,
}

impl<'k> CommandLine<'k> {
    pub(super) fn new(known: &'k [Known], arguments: Vec<Vec<u8>>) -> Self {
        let arguments = arguments.into_iter();
        Self { known, arguments, letters: Vec::new(), others: Vec::new() }
    }

    /// The next option; an error is what the C library says behind the program's name.
    pub(super) fn next(&mut self) -> Option<Result<Given, String>> {
        loop {
            if !self.letters.is_empty() {
                return Some(self.letter());
            }
            let argument = self.arguments.next()?;
            match argument.as_slice() {
                b"--" => {
                    self.others.extend(self.arguments.by_ref());
                    return None;
                }
                [b'-', b'-', name @ ..] => return Some(self.long(name)),
                [b'-', letters @ ..] if !letters.is_empty() => self.letters = letters.to_vec(),
                _ => self.others.push(argument),
            }
        }
    }

    /// What is no option, once [`next`](Self::next) has given all that are.
    pub(super) fn others(self) -> Vec<Vec<u8>> {
        self.others
    }

    fn letter(&mut self) -> Result<Given, String> {
        let letter = self.letters.remove(0);
        let is_it = |known: &&Known| known.letter == Some(letter);
        let Some(known) = self.known.iter().find(is_it) else {
            let letter = char::from(letter);
            return Err(format!("invalid option -- '{letter}'"));
        };
        let mut value = None;
        if known.value == Value::Required {
            let rest = std::mem::take(&mut self.letters);
            value = if rest.is_empty() { self.arguments.next() } else { Some(rest) };
            if value.is_none() {
                let letter = char::from(letter);
                return Err(format!("option requires an argument -- '{letter}'"));
            }
        }
        Ok(Given { name: known.name, value })
    }

    fn long(&mut self, argument: &[u8]) -> Result<Given, String> {
        let mut parts = argument.splitn(2, |byte| *byte == b'=');
        let name = parts.next().unwrap_or_default();
        let mut value = parts.next().map(<[u8]>::to_vec);
        let known = self.find(name, argument)?;
        match (known.value, &value) {
            (Value::No, Some(_)) => {
                return Err(format!("option '--{}' doesn't allow an argument", known.name));
            }
            (Value::Required, None) => {
                value = self.arguments.next();
                if value.is_none() {
                    return Err(format!("option '--{}' requires an argument", known.name));
                }
            }
            _ => {}
        }
        Ok(Given { name: known.name, value })
    }

    /// The option of a name or of the beginning of one.
    fn find(&self, name: &[u8], argument: &[u8]) -> Result<&'k Known, String> {
        if let Some(known) = self.known.iter().find(|known| known.name.as_bytes() == name) {
            return Ok(known);
        }
        let begins = |known: &&Known| known.shortens && known.name.as_bytes().starts_with(name);
        let mut candidates = self.known.iter().filter(begins);
        let argument = String::from_utf8_lossy(argument);
        match (candidates.next(), candidates.next()) {
            (Some(known), None) => Ok(known),
            (None, _) => Err(format!("unrecognized option '--{argument}'")),
            (Some(_), Some(_)) => {
                let names = self.known.iter().filter(begins);
                let names: Vec<_> = names.map(|known| format!(" '--{}'", known.name)).collect();
                let names = names.concat();
                Err(format!("option '--{argument}' is ambiguous; possibilities:{names}"))
            }
        }
    }
}
