//! A new migration is no change to any source file, so tell cargo to look at the folder.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
