//! Contents that compress in all ways.

pub(crate) const SIZES: [usize; 14] =
    [1, 2, 7, 31, 64, 100, 256, 400, 700, 1500, 3000, 5000, 8191, 8192];

type Make = fn(usize) -> Vec<u8>;

pub(crate) const ALL: [(&str, Make); 10] = [
    ("zeros", |size| vec![0; size]),
    ("random bytes", random),
    ("few of many bytes", skewed),
    ("two bytes", |size| Random::new().take(size).map(|n| b'a' + (n % 5 / 4) as u8).collect()),
    ("a period", |size| b"0123456789abcdef-".iter().copied().cycle().take(size).collect()),
    ("words", words),
    ("a heap page", heap_page),
    ("an index page", index_page),
    ("parts of random bytes, one byte between them", parts),
    ("random bytes again and again", |size| {
        random(size / 7 + 1).into_iter().cycle().take(size).collect()
    }),
];

/// Numbers that are the same each time.
struct Random(u32);

impl Random {
    fn new() -> Self {
        Self(0x2545_F491)
    }
}

impl Iterator for Random {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        Some(self.0 as usize >> 4)
    }
}

fn random(size: usize) -> Vec<u8> {
    Random::new().take(size).map(|number| (number & 0xFF) as u8).collect()
}

/// The smaller a byte, the more often it is there.
fn skewed(size: usize) -> Vec<u8> {
    let one = |number: usize| {
        let [first, second, third] = [0, 8, 16].map(|shift| number >> shift & 0xFF);
        (first * second * third / 0x1_0000) as u8
    };
    Random::new().take(size).map(one).collect()
}

/// Behind the random bytes all that is new is the byte in between.
fn parts(size: usize) -> Vec<u8> {
    let all: Vec<u8> = random(500).into_iter().map(|byte| byte & 0x7F).collect();
    let part = |number: usize| [&all[number % 480..][..20], &[0xFF]].concat();
    all.iter().copied().chain(Random::new().flat_map(part)).take(size).collect()
}

fn words(size: usize) -> Vec<u8> {
    const WORDS: [&str; 12] = [
        "select ",
        "insert ",
        "Größe",
        "walscope ",
        "page ",
        "0/15287A8 ",
        "the ",
        "of ",
        "\n",
        "tuple ",
        "transaction ",
        "x",
    ];
    Random::new().flat_map(|number| WORDS[number % WORDS.len()].bytes()).take(size).collect()
}

/// A header, line pointers, and tuples of an id, a time and a text each.
fn heap_page(size: usize) -> Vec<u8> {
    let mut page =
        vec![0, 0, 0, 0, 0xA8, 0x87, 0x52, 1, 0, 0, 0, 0, 0xD8, 1, 0xE0, 1, 0, 0x20, 4, 0x20];
    page.resize(24, 0);
    page.extend((0..64_u32).flat_map(|n| (8192 - 72 * n + (1 << 15) + (144 << 17)).to_le_bytes()));
    for (n, number) in (0_u32..).zip(Random::new()) {
        if page.len() >= size {
            break;
        }
        page.extend((700 + n / 8).to_le_bytes());
        page.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n as u8, 0, 3, 0, 2, 9, 24, 0]);
        page.extend((n * 17).to_le_bytes());
        page.extend((0x0002_AC5F_0000_0000 + number as u64 * 1000).to_le_bytes());
        page.extend(format!("{:x}@example.com", number % 4096).bytes());
    }
    page.truncate(size);
    page
}

/// Entries that rise.
fn index_page(size: usize) -> Vec<u8> {
    let entry =
        |n: u32| [[0, 0, (n / 60) as u8, 0], [(n % 60) as u8, 0, 16, 0], n.to_le_bytes(), [0; 4]];
    (0..).flat_map(|n| entry(n).concat()).take(size).collect()
}
