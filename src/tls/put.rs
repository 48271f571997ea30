//! Files that are replaced whole or not at all: whoever reads them meanwhile finds what was there before.

use std::fs::{OpenOptions, Permissions, remove_file, rename};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::TlsError;
use super::load::wrong;

/// Puts a file in its place.
pub(super) fn put(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    // A name of this process: another one may be writing the same file.
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let write = || {
        // What is left of an earlier try may be readable by others.
        remove_file(&beside).ok();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        // What is for everybody stays so where the umask is strict.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        rename(&beside, path)
    };
    write().map_err(|error| {
        remove_file(&beside).ok();
        wrong(path, format!("cannot be written: {error}"))
    })
}
