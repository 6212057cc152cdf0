//! `papilio dns` and `papilio patch`, as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What a command says on standard output, or why it has failed.
fn papilio(arguments: &[&str], folder: &Path) -> Result<String, String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_papilio"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    match ran.status.success() {
        true => Ok(String::from_utf8(ran.stdout).unwrap()),
        false => Err(String::from_utf8(ran.stderr).unwrap()),
    }
}

#[test]
fn names_for_name_servers() {
    let folder = tempfile::tempdir().unwrap();
    let dns = |arguments: &[&str]| papilio(&[&["dns"], arguments].concat(), folder.path());
    let hosts = dns(&["--address", "192.0.2.1", "--client", "bitlbee"]).unwrap();
    assert!(hosts.starts_with("192.0.2.1 messenger.hotmail.com # papilio\n"));
    assert_eq!(hosts.lines().count(), 6);
    for (format, line) in [
        ("dnsmasq", "address=/login.live.com/192.0.2.1"),
        ("unbound", "    local-zone: \"login.live.com.\" redirect"),
        ("bind-rpz", "login.live.com IN A 192.0.2.1"),
        ("zone", "@ IN A 192.0.2.1"),
    ] {
        let text = dns(&["--format", format, "--address", "192.0.2.1"]).unwrap();
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    let whole = dns(&["--address", "::1", "--all"]).unwrap();
    assert!(whole.contains("\n::1 g.msn.com # papilio\n"));
    assert!(dns(&[]).unwrap_err().contains("--address IP"));
    assert!(dns(&["--client", "icq"]).unwrap_err().contains("wlm80"));
    assert!(dns(&["--address", "a\nb"]).is_err());
    fs::write(
        folder.path().join("papilio.toml"),
        "advertise = '192.0.2.7'",
    )
    .unwrap();
    let advertised = dns(&["--config", "papilio.toml"]).unwrap();
    assert!(advertised.starts_with("192.0.2.7 "));
}

/// Something like an executable, with two strings.
fn client(folder: &TempDir) -> PathBuf {
    let mut image = vec![0; 0x200];
    image[..2].copy_from_slice(b"MZ");
    image[0x3c] = 0x80;
    image[0x80..0x84].copy_from_slice(b"PE\0\0");
    image[0x98..0x9a].copy_from_slice(&[0x0b, 0x01]);
    image[0x98 + 92] = 16;
    // The size of its signature.
    image[0x98 + 96 + 8 * 4 + 4] = 1;
    image.extend(b"\0messenger.hotmail.com\0\0https://rsi.hotmail.com/rsi/rsi.asmx\0");
    let path = folder.path().join("msnmsgr.exe");
    fs::write(&path, image).unwrap();
    path
}

#[test]
fn a_client_is_patched_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = client(&folder);
    let before = fs::read(&path).unwrap();
    let patch = |more: &[&str]| {
        let arguments = [&["patch", "msnmsgr.exe", "--host", "msn.example"], more].concat();
        papilio(&arguments, folder.path())
    };
    let kept = folder.path().join("msnmsgr.exe.before-papilio");

    let told = patch(&["--dry-run"]).unwrap();
    assert!(told.contains("0x00000201  Ascii  messenger.hotmail.com  ->  msn.example\n"));
    assert!(told.contains("->  https://msn.example/rsi/rsi.asmx?xxx\n"));
    assert!(told.contains("The file is signed."));
    assert!(told.ends_with("Nothing was written.\n"));
    assert!(fs::read(&path).unwrap() == before && !kept.exists());

    patch(&["--output", "other.exe"]).unwrap();
    let other = fs::read(folder.path().join("other.exe")).unwrap();
    assert_eq!(other.len(), before.len());
    assert!(other != before && fs::read(&path).unwrap() == before && !kept.exists());
    assert!(
        patch(&["--output", "other.exe"]).is_err(),
        "never overwritten"
    );

    patch(&[]).unwrap();
    assert!(fs::read(&path).unwrap() == other && fs::read(&kept).unwrap() == before);

    let again = patch(&[]).unwrap_err();
    assert!(again.contains("patched already"), "{again}");
    fs::write(&path, &before).unwrap();
    let again = patch(&[]).unwrap_err();
    assert!(again.contains("before-papilio is there"), "{again}");
    assert!(fs::read(&path).unwrap() == before && fs::read(&kept).unwrap() == before);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "no leavings"
    );
}

#[test]
fn what_is_not_patched() {
    let folder = tempfile::tempdir().unwrap();
    client(&folder);
    fs::write(folder.path().join("notes.txt"), "messenger.hotmail.com").unwrap();
    for (file, host, why) in [
        ("notes.txt", "msn.example", "not an executable of Windows"),
        ("gone.exe", "msn.example", "gone.exe"),
        (".", "msn.example", "not a file"),
        (
            "msnmsgr.exe",
            "messenger.example.co.uk",
            "a name of at most 21",
        ),
        ("msnmsgr.exe", "http://x/", "not the name of a host"),
    ] {
        let error = papilio(&["patch", file, "--host", host], folder.path()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing is written"
    );
}
