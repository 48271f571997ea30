//! Events of asking for carbon intensity.

use tracing::{debug, info, warn};

use crate::observe::{Emit, Observer};

/// All that was missing was asked for.
pub struct IntensityTold {
    /// Half-hours that are known now and were not.
    pub half_hours: usize,
    /// Whether it went wrong before.
    pub is_news: bool,
}

impl Emit for IntensityTold {
    fn emit(self, observer: &Observer) {
        observer.metrics.intensity_rounds.with_label_values(&["told"]).inc();
        let half_hours = self.half_hours;
        if self.is_news {
            info!(half_hours, "carbon intensity is told again");
        } else {
            debug!(half_hours, "carbon intensity was told");
        }
    }
}

/// It could not be asked for; it will be in the next round.
pub struct IntensityTrouble<'a> {
    /// Why.
    pub reason: &'a str,
    /// Whether it is the first of a row.
    pub is_news: bool,
}

impl Emit for IntensityTrouble<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.intensity_rounds.with_label_values(&["failed"]).inc();
        let reason = self.reason;
        if self.is_news {
            warn!(reason, "carbon intensity could not be asked for; reports take annual factors where it is missing");
        } else {
            debug!(reason, "carbon intensity still cannot be asked for");
        }
    }
}
