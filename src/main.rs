//! Parses arguments and calls the application; nothing else.

fn main() {}
