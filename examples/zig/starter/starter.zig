//! Greets. Text travels by the buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
//! `greet(pointer, length)`, and reads the result at `pointer << 32 | length`.
const std = @import("std");
const memory = std.heap.wasm_allocator;

/// A buffer of `length` bytes for the host to write; 0 says that there is no room.
export fn alloc(length: usize) usize {
    const buffer = memory.alloc(u8, length) catch return 0;
    return @intFromPtr(buffer.ptr);
}

export fn greet(pointer: [*]const u8, length: usize) u64 {
    // An instance serves one call, so nothing is freed.
    const text = std.mem.concat(memory, u8, &.{ "Hello, ", pointer[0..length], "!" }) catch @panic("no memory is left");
    return @as(u64, @intFromPtr(text.ptr)) << 32 | text.len;
}
