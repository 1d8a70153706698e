//! Files of writes: read, composed, refused, and handed back.

mod examples;
mod inputs;
mod reading;
