//! `papilio patch`: gives the executable of a client another server (see [`crate::patch`]).
//!
//! ```text
//!   CLIENT.EXE -> CLIENT.EXE.before-papilio    a copy, never overwritten
//!   CLIENT.EXE.papilio-new -> CLIENT.EXE       whole or not at all
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use crate::patch::{HostName, Patched, patch};

/// Which file, and what for.
#[derive(Args)]
pub(super) struct Patch {
    /// The executable, such as msnmsgr.exe, or a library of it
    #[arg(value_name = "CLIENT.EXE")]
    file: PathBuf,
    /// The name of the server; no longer than the names that it replaces (21 characters and less)
    #[arg(long, value_name = "NAME")]
    host: HostName,
    /// Leave the file as it is and write another one
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Change nothing, and tell what would be changed
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(asked: &Patch) -> anyhow::Result<()> {
    let file = &asked.file;
    let shown = file.display();
    let image = read(file).with_context(|| shown.to_string())?;
    let patched = patch(&image, &asked.host).with_context(|| shown.to_string())?;
    if asked.dry_run {
        tell(&patched)?;
        writeln!(io::stdout(), "Nothing was written.")?;
        return Ok(());
    }
    let target = match &asked.output {
        Some(output) => {
            write_new(output, &patched.bytes, file)
                .with_context(|| output.display().to_string())?;
            output
        }
        None => {
            replace(file, &image, &patched.bytes)?;
            file
        }
    };
    tell(&patched)?;
    writeln!(io::stdout(), "{} is written.", target.display())?;
    if asked.output.is_none() {
        writeln!(
            io::stdout(),
            "{} is what it was.",
            beside(file, BACKUP).display()
        )?;
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let about = fs::metadata(file)?;
    if !about.is_file() {
        bail!("not a file");
    }
    if about.len() > LONGEST {
        bail!("longer than {} MiB: not a client", LONGEST >> 20);
    }
    Ok(fs::read(file)?)
}

/// Puts the new bytes in the place of the file, and keeps the old ones beside it.
fn replace(file: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let backup = beside(file, BACKUP);
    if let Err(error) = write_new(&backup, old, file) {
        if error.kind() == io::ErrorKind::AlreadyExists {
            bail!(
                "{} is there: {} has been patched before. Put it back first, or use --output",
                backup.display(),
                file.display()
            );
        }
        return Err(error).with_context(|| format!("cannot keep {}", backup.display()));
    }
    let fresh = beside(file, FRESH);
    let done = write_new(&fresh, new, file).and_then(|()| {
        fs::rename(&fresh, file).inspect_err(|_| {
            let _ = fs::remove_file(&fresh);
        })
    });
    done.inspect_err(|_| {
        // Nothing has changed, so there is nothing to keep.
        let _ = fs::remove_file(&backup);
    })
    .with_context(|| format!("cannot write {}", file.display()))
}

/// Writes a file that must not be there yet, down to the disk, with the permissions of another one.
fn write_new(path: &Path, bytes: &[u8], like: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let fill = |file: &mut File| {
        file.write_all(bytes)?;
        file.set_permissions(fs::metadata(like)?.permissions())?;
        file.sync_all()
    };
    fill(&mut file).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

fn tell(patched: &Patched) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for change in &patched.changes {
        writeln!(
            out,
            "{:#010x}  {:?}  {}  ->  {}",
            change.offset, change.encoding, change.before, change.after
        )?;
    }
    for left in &patched.left {
        writeln!(
            out,
            "{:#010x}  left alone, {}: {}",
            left.offset, left.reason, left.text
        )?;
    }
    if patched.is_signed {
        writeln!(
            out,
            "The file is signed. The signature no longer holds: Windows runs it all the same, virus \
             scanners may complain."
        )?;
    }
    Ok(())
}

/// The path of a file with something at the end of its name.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

const BACKUP: &str = ".before-papilio";
const FRESH: &str = ".papilio-new";

/// Far longer than any client.
const LONGEST: u64 = 256 << 20;
