//! What addresses and chargers have used lately, in bounded memory however many there are.
//!
//! Each shard has two generations. What is used is in the young one; when that is full it becomes the old one, and the
//! old one goes. An entry that a connection holds stays, so the table has at most two generations and one entry for
//! each connection.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use parking_lot::Mutex;

use super::bucket::Bucket;

const SHARDS: usize = 16;

/// Entries of a generation of a shard: 65,536 in all shards together.
const GENERATION: usize = 4096;

/// What one address, or one charger from one address, has used.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) connects: Bucket,
    pub(super) frames: Bucket,
    pub(super) bytes: Bucket,
    /// Handshakes under way.
    pub(super) half_open: AtomicU32,
}

#[derive(Default)]
struct Shard {
    young: HashMap<u64, Arc<Meter>>,
    old: HashMap<u64, Arc<Meter>>,
    /// Entries that the young generation was born with, because connections hold them.
    held: usize,
}

/// The table. Keys are hashed under a key of this process: nobody outside can make two of them meet.
#[derive(Default)]
pub(super) struct Table {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

impl Table {
    /// The meter of a key; a fresh one at first sight.
    pub(super) fn of(&self, key: impl Hash) -> Arc<Meter> {
        let hash = self.hasher.hash_one(key);
        let shard = usize::try_from(hash >> 32).unwrap_or_default() % SHARDS;
        self.shards[shard].lock().of(hash)
    }
}

impl Shard {
    fn of(&mut self, hash: u64) -> Arc<Meter> {
        if let Some(meter) = self.young.get(&hash) {
            return meter.clone();
        }
        let meter = self.old.remove(&hash).unwrap_or_default();
        if self.young.len() >= GENERATION + self.held {
            let gone = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
            self.young.extend(gone.into_iter().filter(|(_, meter)| Arc::strong_count(meter) > 1));
            self.held = self.young.len();
        }
        self.young.insert(hash, meter.clone());
        meter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(table: &Table) -> usize {
        let of = |shard: &Shard| shard.young.len() + shard.old.len();
        table.shards.iter().map(|shard| of(&shard.lock())).sum()
    }

    #[test]
    fn the_table_is_bounded_and_keeps_what_a_connection_holds() {
        let table = Table::default();
        let held: Vec<_> = (0..1000_u32).map(|key| table.of(("held", key))).collect();
        for key in 0..400_000_u32 {
            table.of(("passing", key));
            assert!(key % 50_000 != 0 || size(&table) <= 2 * SHARDS * GENERATION + held.len());
        }
        for (key, meter) in (0..1000_u32).zip(&held) {
            assert!(Arc::ptr_eq(&table.of(("held", key)), meter));
        }
    }

    #[test]
    fn what_was_used_lately_is_known_still() {
        let table = Table::default();
        let known = Arc::downgrade(&table.of("known"));
        for key in 0..1_000_000_u32 {
            table.of(key);
            if key % 1000 == 0 {
                table.of("known");
            }
        }
        assert!(known.upgrade().is_some_and(|known| Arc::ptr_eq(&known, &table.of("known"))));
    }
}
