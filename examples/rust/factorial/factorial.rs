//! n! as an exact 64-bit integer. Numeric convention: i64 in, i64 out, no allocator, no imports.
#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

/// Traps with `unreachable` where the result does not exist (number < 0) or does not fit 64 bits (number > 20).
#[no_mangle]
pub extern "C" fn factorial(number: i64) -> i64 {
    if number < 0 {
        core::arch::wasm32::unreachable();
    }
    let mut product: i64 = 1;
    for factor in 2..=number {
        if product > i64::MAX / factor {
            core::arch::wasm32::unreachable();
        }
        product *= factor;
    }
    product
}
