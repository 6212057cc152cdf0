//! The server's rooms. `main` is the door; tests and benchmarks come in through here.
