//! The file with the authority's list of what was revoked (`ca.crl_file`), for whoever else trusts the authority: written
//! at the start, when something is revoked, when another authority signs, and daily, so that it does not run out while this
//! service runs.

use std::path::PathBuf;
use std::time::Duration;

use crate::observe::Observer;
use crate::observe::events::signing::{RevocationListNotWritten, RevocationListWritten};
use crate::store::OurClock;
use crate::store::desk::Desk;
use crate::tls::{Authority, RevocationList, Revoked};

/// Until it is written again: after it was, and after it could not be.
const PAUSES: (Duration, Duration) = (Duration::from_secs(86_400), Duration::from_secs(60));

/// What is needed to keep it.
pub(super) struct Kept {
    /// The file.
    pub(super) file: PathBuf,
    /// Who signs it.
    pub(super) authority: Authority,
    /// Says when something was revoked.
    pub(super) revoked: Revoked,
}

impl Kept {
    /// Keeps it for ever.
    pub(super) async fn keep(self, desk: Desk, clock: OurClock, observer: Observer) {
        loop {
            let pause = match self.write(&desk, &clock).await {
                Ok(RevocationList { certificates, until, .. }) => {
                    observer.tell(RevocationListWritten { certificates, until });
                    PAUSES.0
                }
                Err(reason) => {
                    observer.tell(RevocationListNotWritten { reason: &reason });
                    PAUSES.1
                }
            };
            tokio::select! {
                () = self.revoked.changed() => {}
                () = self.authority.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn write(&self, desk: &Desk, clock: &OurClock) -> Result<RevocationList, String> {
        let (file, authority, now) = (self.file.clone(), self.authority.clone(), clock());
        let written = desk.with(move |desk| {
            let revoked = desk.revocations()?;
            let list = authority.list(&revoked, now);
            Ok(list.and_then(|list| list.put(&file).map(|()| list)))
        });
        written.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}
