//! Writing to stdout. A reader that has seen enough and closed it is no mistake.

use std::io::{ErrorKind, Write};

use crate::failure::Failure;

pub(crate) fn write(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(1, format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
