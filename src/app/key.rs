//! The keys under which id tokens and charger credentials are hashed: made at the first start, kept beside the ledger and
//! not in it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::config::Settings;
use crate::config::privacy::{IdTokens, SignedRecords};
use crate::domain::token::TokenKey;
use crate::gateway::Seals;

/// Their files in the data folder.
const TOKENS: &str = "token.key";
const CREDENTIALS: &str = "charger.key";

/// Reads the key for id tokens, or makes it, and has it keep what the settings say.
pub(super) fn load(settings: &Settings) -> Result<TokenKey, String> {
    let key = of_folder(&settings.store.data_dir)?;
    let key = key.keeping_records(settings.privacy.signed_records == SignedRecords::Verbatim);
    Ok(key.remembering_clear(settings.privacy.id_tokens == IdTokens::Clear))
}

fn of_folder(folder: &Path) -> Result<TokenKey, String> {
    read(folder, TOKENS).map(TokenKey::new)
}

/// Reads the key for charger credentials, or makes it. Without it no charger can prove itself.
pub(super) fn for_credentials(folder: &Path) -> Result<Seals, String> {
    read(folder, CREDENTIALS).map(Seals::new)
}

fn read(folder: &Path, name: &str) -> Result<[u8; 32], String> {
    let path = folder.join(name);
    let told = |what: &str, error: &dyn std::fmt::Display| format!("the key {} {what}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| told("has no folder", &error))?;
    match File::open(&path) {
        Ok(mut file) => {
            let mode = file.metadata().map_err(|error| told("cannot be read", &error))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(told("can be read by others", &"make it private with chmod 600"));
            }
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|error| told("cannot be read", &error))?;
            <[u8; 32]>::try_from(bytes).map_err(|_| told("is damaged", &"it must be 32 bytes long"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key: [u8; 32] = rand::random();
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(&path);
            let written = file.and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()));
            written.map_err(|error| told("cannot be made", &error))?;
            Ok(key)
        }
        Err(error) => Err(told("cannot be read", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_private_and_refused_when_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = of_folder(folder.path()).unwrap();
        let again = of_folder(folder.path()).unwrap();
        assert_eq!(first.hash("04AABBCC"), again.hash("04AABBCC"));
        assert_ne!(read(folder.path(), TOKENS).unwrap(), read(folder.path(), CREDENTIALS).unwrap());
        let path = folder.path().join(TOKENS);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(of_folder(folder.path()).unwrap_err().contains("chmod 600"));
    }
}
