//! Text in, text out. Buffer convention: the host takes memory with `alloc`, writes UTF-8 there, calls
//! `caesar(pointer, length, shift)`, and reads the result at `pointer << 32 | length`.
const std = @import("std");
const memory = std.heap.wasm_allocator;

/// A buffer of `length` bytes for the host to write; 0 says that there is no room.
export fn alloc(length: usize) usize {
    const buffer = memory.alloc(u8, length) catch return 0;
    return @intFromPtr(buffer.ptr);
}

export fn free(pointer: [*]u8, length: usize) void {
    memory.free(pointer[0..length]);
}

/// Moves each letter of the Latin alphabet on by `shift` places, back where it is negative.
export fn caesar(pointer: [*]u8, length: usize, shift: i32) u64 {
    const places: u8 = @intCast(@mod(shift, 26));
    for (pointer[0..length]) |*letter| {
        letter.* = switch (letter.*) {
            'a'...'z' => 'a' + (letter.* - 'a' + places) % 26,
            'A'...'Z' => 'A' + (letter.* - 'A' + places) % 26,
            else => letter.*,
        };
    }
    return @as(u64, @intFromPtr(pointer)) << 32 | length;
}
