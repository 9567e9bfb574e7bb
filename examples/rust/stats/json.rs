//! Just enough JSON (RFC 8259): finds one array of numbers in an object and skips, but checks, everything else.

/// Nesting of the input; deeper input would overflow the stack of a recursive reader.
const MAX_DEPTH: usize = 64;

/// The numbers under `key` of the JSON object `text`.
pub fn numbers_of(text: &str, key: &str) -> Result<Vec<f64>, String> {
    let mut reader = Reader { text, at: 0 };
    let mut found = None;
    reader.expect(b'{', "the input must be a JSON object")?;
    reader.list(b'}', |reader| {
        let name = reader.string()?;
        reader.expect(b':', "a `:` must follow a name")?;
        if name == key {
            found = Some(reader.numbers(key)?);
            return Ok(());
        }
        reader.skip(MAX_DEPTH)
    })?;
    reader.end()?;
    found.ok_or_else(|| format!("the input has no `{key}`"))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{what} (byte {} of the input)", self.at))
    }

    /// The next byte that is not white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    fn expect(&mut self, byte: u8, what: &str) -> Result<(), String> {
        if self.peek() != byte {
            return self.fail(what);
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.peek();
        if self.at < self.text.len() {
            return self.fail("there is text after the JSON object");
        }
        Ok(())
    }

    /// Items separated by commas up to `close`; the opening bracket has been read.
    fn list(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        if self.peek() == close {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.peek() == close {
                self.at += 1;
                return Ok(());
            }
            self.expect(b',', "a `,` must separate two items")?;
        }
    }

    fn numbers(&mut self, key: &str) -> Result<Vec<f64>, String> {
        let mut numbers = Vec::new();
        self.expect(b'[', &format!("`{key}` must be an array of numbers"))?;
        self.list(b']', |reader| {
            numbers.push(reader.number()?);
            Ok(())
        })?;
        Ok(numbers)
    }

    fn number(&mut self) -> Result<f64, String> {
        if !matches!(self.peek(), b'-' | b'0'..=b'9') {
            return self.fail("a number is expected");
        }
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        match rest[..length].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += length;
                Ok(number)
            }
            _ => self.fail("a number is expected"),
        }
    }

    /// A string as it is written, escapes left alone: names that are looked for have none.
    fn string(&mut self) -> Result<&'a str, String> {
        self.expect(b'"', "a string is expected")?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                None => return self.fail("the string has no end"),
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(&self.text[start..self.at - 1])
    }

    fn skip(&mut self, depth: usize) -> Result<(), String> {
        if depth == 0 {
            return self.fail("the input is nested too deeply");
        }
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'[' => {
                self.at += 1;
                self.list(b']', |reader| reader.skip(depth - 1))
            }
            b'{' => {
                self.at += 1;
                self.list(b'}', |reader| {
                    reader.string()?;
                    reader.expect(b':', "a `:` must follow a name")?;
                    reader.skip(depth - 1)
                })
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<(), String> {
        for word in ["true", "false", "null"] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.number().map(|_| ())
    }
}
