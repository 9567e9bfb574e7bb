//! Greets. The module that cargo builds tells the types of its functions itself: no generated JavaScript is needed.
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
pub fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}
