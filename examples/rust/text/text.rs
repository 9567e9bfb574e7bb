//! Text in, text out. Buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
//! `f(pointer, length) -> i64`, reads the result at `pointer << 32 | length` and gives both buffers back with `free`.
use std::alloc::Layout;

/// A buffer of `length` bytes for the host to write; `free` gives it back.
#[no_mangle]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    if length == 0 {
        return std::ptr::NonNull::dangling().as_ptr();
    }
    unsafe { std::alloc::alloc(layout(length)) }
}

/// # Safety
/// `pointer` and `length` are those of one earlier `alloc` or of one result.
#[no_mangle]
pub unsafe extern "C" fn free(pointer: *mut u8, length: usize) {
    if length > 0 {
        std::alloc::dealloc(pointer, layout(length));
    }
}

/// Capital letters, by Unicode's rules: "straße" becomes "STRASSE".
#[no_mangle]
pub unsafe extern "C" fn upper(pointer: *const u8, length: usize) -> i64 {
    give(text(pointer, length).to_uppercase())
}

/// The characters from last to first.
#[no_mangle]
pub unsafe extern "C" fn reverse(pointer: *const u8, length: usize) -> i64 {
    give(text(pointer, length).chars().rev().collect())
}

fn layout(length: usize) -> Layout {
    Layout::array::<u8>(length).unwrap_or_else(|_| std::process::abort())
}

/// Traps when the bytes are not UTF-8: the host promised that they are.
unsafe fn text<'a>(pointer: *const u8, length: usize) -> &'a str {
    match std::str::from_utf8(std::slice::from_raw_parts(pointer, length)) {
        Ok(text) => text,
        Err(_) => std::process::abort(),
    }
}

/// Hands a string to the host; a boxed slice has no spare capacity, so its length is its layout.
fn give(text: String) -> i64 {
    let length = text.len();
    let pointer = Box::into_raw(text.into_bytes().into_boxed_slice()) as *mut u8;
    ((pointer as u64) << 32 | length as u64) as i64
}
