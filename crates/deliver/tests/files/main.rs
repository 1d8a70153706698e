//! Files of writes: read, composed, refused, and handed back.

mod composing;
mod examples;
mod handing_back;
mod inputs;
mod reading;
mod refusing;
