//! Greets. Text travels by the buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
//! `greet(pointer, length) -> i64`, and reads the result at `pointer << 32 | length`.

#[no_mangle]
pub unsafe extern "C" fn greet(pointer: *const u8, length: usize) -> u64 {
    let name = String::from_utf8_lossy(std::slice::from_raw_parts(pointer, length));
    give(format!("Hello, {name}!"))
}

/// A buffer of `length` bytes for the host to write. Nothing is given back: an instance serves one call.
#[no_mangle]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    Vec::leak(vec![0; length.max(1)]).as_mut_ptr()
}

fn give(text: String) -> u64 {
    let bytes = text.into_bytes().leak();
    (bytes.as_ptr() as u64) << 32 | bytes.len() as u64
}
