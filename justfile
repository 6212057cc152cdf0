# `just` lists what there is. `just check` is what must hold before a change lands; CI runs the same.

default:
    @just --list

# Serve on this machine alone, with three accounts to try it with
demo:
    cargo run --release -- serve --demo

# Everything that CI checks
check:
    .ci/run

# All tests
test:
    cargo test --workspace

# Format everything
fmt:
    cargo fmt --all

# Lints, warnings denied
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Review changed snapshots
snapshots:
    cargo insta review

# Licences, advisories and sources of what we depend on
deny:
    cargo deny check

# Figures of docs/performance.md
bench:
    cargo bench --workspace
