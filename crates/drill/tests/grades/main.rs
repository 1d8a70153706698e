//! Each grade has a subject that fails it and one that passes it. The subjects are this test program itself,
//! started again as the command of a drill.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod grades;
mod idle;
mod job;
mod scenarios;
mod subjects;
mod wire;
