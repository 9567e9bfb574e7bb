//! Functions with the types that wasm-bindgen passes. No code here knows of corebrum.

use wasm_bindgen::prelude::*;
use wasm_bindgen::throw_str;

/// `n!` and who computed it, as a JSON object: each field can be an output of the task.
#[wasm_bindgen]
pub fn compute_factorial_with_metadata(n: u32, worker_id: &str) -> String {
    let factorial = factorial(n.into()).unwrap_or_else(|| throw_str("from 35 on the factorial has more than 128 bits"));
    let digits = factorial.to_string().len();
    format!(r#"{{"factorial":{factorial},"digits":{digits},"worker_id":{}}}"#, quoted(worker_id))
}

/// Exact up to 34!.
fn factorial(n: u128) -> Option<u128> {
    (1..=n).try_fold(1u128, |product, factor| product.checked_mul(factor))
}

/// A string as JSON writes it.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[wasm_bindgen]
pub fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}

/// Wraps nowhere: a sum that does not fit is an error.
#[wasm_bindgen]
pub fn add(a: i64, b: i64) -> Result<i64, JsError> {
    a.checked_add(b).ok_or_else(|| JsError::new("the sum has more than 64 bits"))
}

#[wasm_bindgen]
pub fn is_even(number: u64) -> bool {
    number % 2 == 0
}

#[wasm_bindgen]
pub fn first_letter(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_alphabetic())
}

#[wasm_bindgen]
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(1, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte))
}

#[wasm_bindgen]
pub fn reversed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

#[wasm_bindgen]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[wasm_bindgen]
pub fn primes_below(limit: u32) -> Vec<u32> {
    (2..limit).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).collect()
}

#[wasm_bindgen]
pub fn parse_int(text: &str, radix: Option<u32>) -> Result<i32, JsError> {
    let radix = radix.unwrap_or(10);
    if !(2..=36).contains(&radix) {
        return Err(JsError::new("the radix must be from 2 to 36"));
    }
    i32::from_str_radix(text, radix).map_err(JsError::from)
}
