//! Files of writes: read, composed, refused, and handed back.

mod inputs;
mod reading;
