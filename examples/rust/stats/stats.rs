//! A WASI command: one JSON object `{"values": [numbers]}` on stdin, one JSON object with their statistics on stdout.
//! No crates, so that one rustc command builds it; `json.rs` beside it reads the input.
mod json;

use std::io::Read;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        // stderr is the task's log and a code other than 0 makes the task fail.
        Err(reason) => {
            eprintln!("stats: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(|error| format!("stdin: {error}"))?;
    let values = json::numbers_of(&input, "values")?;
    eprintln!("stats: {} values", values.len());
    describe(values)
}

/// The population's statistics; sums are compensated (Neumaier), so that order and size of the values matter little.
fn describe(mut values: Vec<f64>) -> Result<String, String> {
    if values.is_empty() {
        return Err("`values` is empty; give at least one number".to_string());
    }
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let total = sum(values.iter().copied());
    let mean = total / count as f64;
    let variance = sum(values.iter().map(|value| (value - mean) * (value - mean))) / count as f64;
    let middle = count / 2;
    let median = if count % 2 == 1 { values[middle] } else { values[middle - 1] / 2.0 + values[middle] / 2.0 };
    let numbers = [
        ("sum", total),
        ("mean", mean),
        ("median", median),
        ("min", values[0]),
        ("max", values[count - 1]),
        ("stddev", variance.sqrt()),
    ];
    if let Some((name, _)) = numbers.iter().find(|(_, number)| !number.is_finite()) {
        return Err(format!("`{name}` is too large for a 64-bit float"));
    }
    let fields: Vec<String> = numbers.iter().map(|(name, number)| format!("\"{name}\":{number}")).collect();
    Ok(format!("{{\"count\":{count},{}}}", fields.join(",")))
}

fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}
