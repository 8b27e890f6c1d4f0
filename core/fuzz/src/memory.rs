//! No input may make core take much more memory than the input itself, whatever lengths it claims.

/// Runs `body`, which may take `base` bytes at once, and `times` bytes for each of `input`.
pub fn bounded<T>(input: usize, base: usize, times: usize, body: impl FnOnce() -> T) -> T {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(body()));
    let allowed = (base + input * times) as u64;
    let taken = counted.bytes_max;
    assert!(taken <= allowed, "{taken} bytes taken for {input} bytes of input");
    result.expect("the body has run")
}
