use super::{Dialect, DialectError};

words! {
    /// Whether a write is sent again after a fault without proof that it did not take effect.
    #[derive(Default)]
    pub enum WriteRetry {
        /// Only with proof.
        Proven [default] = "proven",
        /// Always, as the letter of some guides has it. A write can then take effect twice.
        Always = "always",
    }
}

words! {
    /// Which conflicts say that an idempotency key was used for something else.
    #[derive(Default)]
    pub enum Mismatch {
        /// Those that the dialect's rules name.
        Rules [default] = "rules",
        /// Every 409 to a write that was sent with a key.
        AnyKeyed409 = "any-keyed-409",
    }
}

/// What a user may choose beside the file, all off by default. See [`Dialect::set_option`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DialectOptions {
    /// `write_retry`.
    pub write_retry: WriteRetry,
    /// `mismatch`.
    pub mismatch: Mismatch,
}

impl Dialect {
    /// Sets an option of the user's by name: `write_retry` (`proven`, `always`) or `mismatch`
    /// (`rules`, `any-keyed-409`). The file does not say these: what they turn on departs from
    /// what this program promises, and has to be wished for.
    ///
    /// # Errors
    /// [`DialectError::Option`] if there is no such option or value; it names those that there
    /// are.
    ///
    /// ```
    /// use steadfast_call::dialect::{Dialect, WriteRetry};
    ///
    /// let mut knosc = Dialect::built_in("knosc").unwrap();
    /// knosc.set_option("write_retry", "always").unwrap();
    /// assert_eq!(knosc.options.write_retry, WriteRetry::Always);
    /// assert!(knosc.set_option("write_retry", "often").is_err());
    /// ```
    pub fn set_option(&mut self, name: &str, value: &str) -> Result<(), DialectError> {
        match name {
            "write_retry" => {
                let words = [WriteRetry::Proven, WriteRetry::Always];
                self.options.write_retry = chosen(name, value, &words, WriteRetry::as_str)?;
            }
            "mismatch" => {
                let words = [Mismatch::Rules, Mismatch::AnyKeyed409];
                self.options.mismatch = chosen(name, value, &words, Mismatch::as_str)?;
            }
            _ => {
                let text =
                    format!("there is no option \"{name}\"; there are write_retry and mismatch");
                return Err(DialectError::Option(text));
            }
        }
        Ok(())
    }
}

fn chosen<T: Copy>(
    name: &str,
    value: &str,
    words: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, DialectError> {
    words.iter().copied().find(|choice| word(*choice) == value).ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|choice| word(*choice)).collect();
        let text = format!("{name} = \"{value}\" is no choice; there are {}", all.join(", "));
        DialectError::Option(text)
    })
}
