//! Shows that walscope-core decodes where there is neither a standard library nor an allocator.
//! The host writes a message into `input` and calls one of the functions with its length.
#![no_std]

use core::ptr::addr_of_mut;

use walscope_core::pgoutput::{Column, Decoder, Message};

const CAPACITY: usize = 4096;

static mut INPUT: [u8; CAPACITY] = [0; CAPACITY];

/// Where the message goes: `CAPACITY` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn input() -> *mut u8 {
    addr_of_mut!(INPUT).cast()
}

/// The commit LSN of the Begin in the input; 0 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn begin_commit_lsn(length: usize) -> u64 {
    match Decoder::default().decode(message(length)) {
        Ok(Message::Begin(begin)) => begin.commit_lsn.0,
        _ => 0,
    }
}

/// The bytes of text in all columns of the Insert in the input; -1 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn insert_text_bytes(length: usize) -> i32 {
    match Decoder::default().decode(message(length)) {
        Ok(Message::Insert(insert)) => insert.new.iter().map(text_bytes).sum(),
        _ => -1,
    }
}

fn text_bytes(column: Column<'_>) -> i32 {
    match column {
        Column::Text(text) => i32::try_from(text.len()).unwrap_or(i32::MAX),
        _ => 0,
    }
}

fn message(length: usize) -> &'static [u8] {
    // SAFETY: wasm without threads: nothing writes to the input while a call from the host runs,
    // and the length is held within it.
    unsafe { core::slice::from_raw_parts(input(), length.min(CAPACITY)) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
