//! Kept facts against facts from scratch: whatever happens, and whatever comes late.

use proptest::prelude::*;

use super::*;

/// What facts hold one by one, in an order of its own.
fn in_order(facts: &mut Facts) {
    facts.sessions.sort_unstable();
    facts.outcomes.as_mut().into_iter().for_each(|outcomes| outcomes.starts_ms.sort_unstable());
    facts.demand.as_mut().into_iter().for_each(|demand| demand.days.sort_unstable());
}

/// An hour of a place at work: minutes from its beginning, which connector, what happens, for how many minutes.
type Happening = (i64, usize, usize, i64);

impl Bench {
    /// Two chargers of one site, three EVSEs, two classes of power; they live through these minutes.
    fn lively(happenings: &[Happening]) -> Self {
        let sites = "A,S,Mo-Sa 05:00-23:30,2026-10-01,,1,1,50\nA,S,Mo-Sa 05:00-23:30,2026-10-01,,2,2,50\nB,S,Mo-Sa 05:00-23:30,2026-10-01,,1,1,7\n";
        let bench = Self::new("2026-10-01T00:00:00Z", "2026-11-08T09:00:00Z", sites);
        let begin = at("2026-10-30T20:00:00Z");
        let chargers = ["A", "B"].map(|name| bench.charger(name, "2026-10-01T00:00:00Z"));
        let connectors = [(chargers[0], 1), (chargers[0], 2), (chargers[1], 1)];
        for (charger, connector) in connectors {
            bench.line(charger, connector, &[("2026-10-02T00:00:00Z", "AVAILABLE", "charger")]);
        }
        let mut order = happenings.to_vec();
        order.sort_unstable();
        let mut busy = [begin; 3];
        for (id, (minute, place, what, length)) in (1..).zip(order) {
            let (charger, connector) = connectors[place];
            let from = begin.plus_millis(minute * 60_000).max(busy[place].plus_millis(1000));
            let until = from.plus_millis(length * 60_000);
            busy[place] = until;
            match what {
                0 => bench.paint(charger, connector, (from, until), ("CHARGING", "Preparing")),
                1 => bench.paint(charger, connector, (from, until), ("OUTOFORDER", "Faulted")),
                2 => bench.paint(charger, connector, (from, until), ("UNKNOWN", "Unavailable")),
                3 => bench.shown(charger, from, length % 3 > 0),
                _ => {
                    bench.paint(charger, connector, (from, until), ("CHARGING", "Charging"));
                    let sql = "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, \
                               started_ms, ended_ms, energy_mwh, energy_quality, stop_reason, token, received_ms) \
                               VALUES (?1, ?2, ?3, ?3, ?1, 'ended', ?4, ?4, ?5, ?6, 'register', ?7, ?8, ?4)";
                    let energy = [None, Some(0), Some(99_999), Some(5_000_000)][what % 4];
                    let token = [None, Some("t:a"), Some("t:b")][usize::try_from(id % 3).unwrap()];
                    let reason = if id % 2 == 0 { "Local" } else { "Other" };
                    let times = (from.millis(), until.millis());
                    let row = (id, charger, connector, times.0, times.1, energy, reason, token);
                    bench.db.execute(sql, row).unwrap();
                }
            }
        }
        bench
    }

    /// A stretch of a connector's timeline, over whatever was there; before and behind it all stays as it was.
    fn paint(&self, charger: i64, connector: u32, (from, until): (At, At), (state, status): (&str, &str)) {
        let (from, until) = (from.millis(), until.millis());
        let at_end = "SELECT state, status, until_ms FROM status_interval WHERE charger_id = ? AND connector = ? AND from_ms <= ? \
                      ORDER BY from_ms DESC LIMIT 1";
        let behind: (String, Option<String>, Option<i64>) = self
            .db
            .query_row(at_end, (charger, connector, until), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let within =
            "DELETE FROM status_interval WHERE charger_id = ? AND connector = ? AND from_ms >= ? AND from_ms <= ?";
        self.db.execute(within, (charger, connector, from, until)).unwrap();
        let cut = "UPDATE status_interval SET until_ms = ?3 WHERE charger_id = ?1 AND connector = ?2 AND from_ms < ?3 \
                   AND (until_ms IS NULL OR until_ms > ?3)";
        self.db.execute(cut, (charger, connector, from)).unwrap();
        let sql = "INSERT INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause) \
                   VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, 'charger')";
        self.db.execute(sql, (charger, connector, from, Some(until), state, status)).unwrap();
        self.db.execute(sql, (charger, connector, until, behind.2, behind.0, behind.1)).unwrap();
    }

    fn shown(&self, charger: i64, when: At, accepted: bool) {
        let sql = "INSERT OR IGNORE INTO token_check_row (charger_id, at_ms, accepted) VALUES (?, ?, ?)";
        self.db.execute(sql, (charger, when.millis(), accepted)).unwrap();
    }

    /// All facts of every EVSE: of the whole, by day, by month, and of a stretch that begins and ends within a day.
    fn all_facts(&self) -> Vec<Facts> {
        let tallied = |ledger: &mut dyn Figures| {
            let network = Network::of(&self.registry, ledger.met()?, &settings());
            let periods =
                [("2026-10-20T00:00:00Z", "2026-11-08T00:00:00Z"), ("2026-10-30T21:30:00Z", "2026-11-02T03:07:00Z")];
            let mut found = Vec::new();
            for (from, until) in periods {
                let period = Period::read((None, Some(from), Some(until)), LONDON, self.now).unwrap();
                for unit in [None, Some(TimeUnit::Day), Some(TimeUnit::Month)] {
                    let buckets = period.buckets(unit, self.now).unwrap();
                    let spans: Vec<_> = buckets.iter().map(|(_, span)| *span).collect();
                    let mut sums = vec![Facts::default(); spans.len() * network.evses.len()];
                    tally::tally(ledger, &network, &spans, LONDON, Detail::ALL, &mut |evse, bucket, facts| {
                        sums[evse * spans.len() + bucket] += facts;
                    })?;
                    found.extend(sums);
                }
            }
            Ok(found)
        };
        let mut found = self.ledger().figures(tallied).unwrap();
        found.iter_mut().for_each(in_order);
        found
    }
}

fn any_happening() -> impl Strategy<Value = Happening> {
    (0_i64..60 * 60, 0_usize..3, 0_usize..8, prop_oneof![1_i64..4, 1_i64..200, 1400_i64..3000])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn visits_and_crowds_that_are_kept_are_those_from_scratch(
        happenings in prop::collection::vec(any_happening(), 1..40),
        late in (any_happening(), 0_usize..3),
    ) {
        let bench = Bench::lively(&happenings);
        let scratch = bench.all_facts();
        bench.keep();
        let same = |wanted: &[Facts], what: &str| {
            let found = bench.all_facts();
            let differs = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
            prop_assert!(differs.is_none(), "{what}: {:?}", differs.map(|at| (at, &found[at], &wanted[at])));
            Ok(())
        };
        same(&scratch, "kept")?;
        // Something comes late: a stretch of a timeline, a token, a session that lasted longer or delivered.
        let ((minute, place, _, length), what) = late;
        let chargers: Vec<i64> = bench.db.prepare("SELECT id FROM charger_row ORDER BY charger").unwrap()
            .query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let (charger, connector) = [(chargers[0], 1), (chargers[0], 2), (chargers[1], 1)][place];
        let from = at("2026-10-30T20:00:00Z").plus_millis(minute * 60_000);
        let mut touched = (from, from.plus_millis(length * 60_000));
        match what {
            0 => bench.paint(charger, connector, touched, ("CHARGING", "Preparing")),
            1 => bench.shown(charger, from, true),
            _ => {
                let sql = "UPDATE session_row SET energy_mwh = 7000000, ended_ms = ended_ms + 90000 WHERE charger_id = ? \
                           AND started_ms >= ? RETURNING started_ms, ended_ms";
                let all: Vec<(i64, i64)> = bench.db.prepare(sql).unwrap()
                    .query_map((charger, from.millis()), |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
                    .collect::<Result<_, _>>().unwrap();
                let ends = all.iter().map(|(_, until)| At::from_millis(*until)).max();
                touched = (from, ends.unwrap_or(touched.1));
            }
        }
        let mark = (charger, touched.0.millis(), touched.1.millis().max(touched.0.millis() + 1));
        bench.db.execute("INSERT INTO fact_mark (charger_id, from_ms, until_ms) VALUES (?, ?, ?)", mark).unwrap();
        let marked = bench.all_facts();
        bench.keep();
        same(&marked, "kept again")?;
        bench.db.execute_batch(FORGET).unwrap();
        same(&marked, "from scratch")?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn kept_facts_and_facts_from_scratch_are_the_same(
        cuts in prop::collection::vec((0_i64..70 * 24, 0_usize..6, 1_u32..3), 1..40),
        sessions in prop::collection::vec((0_i64..70 * 24, 0_i64..40, prop::option::of(0_i64..50_000), any::<bool>()), 0..12),
        late in prop::collection::vec((0_i64..70 * 24, 1_i64..60, 0_usize..6), 0..4),
    ) {
        let begin = at("2026-09-20T00:00:00Z");
        let bench = Bench::new("2026-09-20T00:00:00Z", "2026-12-01T09:00:00Z", "A,S,Mo-Sa 06:00-22:00,2026-09-25,,1,1;2,50\n");
        let a = bench.charger("A", "2026-09-20T00:00:00Z");
        let states = ["AVAILABLE", "CHARGING", "RESERVED", "INOPERATIVE", "OUTOFORDER", "UNKNOWN"];
        for connector in [1, 2] {
            let mut own: Vec<_> = cuts.iter().filter(|cut| cut.2 == connector).collect();
            own.sort();
            own.dedup_by_key(|cut| cut.0);
            let texts: Vec<_> = own.iter().map(|cut| (begin.plus_millis(cut.0 * HOUR).to_rfc3339(), states[cut.1])).collect();
            let line: Vec<_> = texts.iter().map(|(from, state)| (from.as_str(), *state, "charger")).collect();
            bench.line(a, connector, &line);
        }
        for (index, (from, length, energy, is_imported)) in sessions.iter().enumerate() {
            let id = (i64::try_from(index).unwrap() + 1) * if *is_imported { -1 } else { 1 };
            let (from, until) = (begin.plus_millis(from * HOUR), begin.plus_millis((from + length) * HOUR));
            bench.session(a, id, 1, &from.to_rfc3339(), Some(&until.to_rfc3339()), *energy);
            // Every other one has readings, in time or not.
            for hour in (0..*length).filter(|_| index % 2 == 0 && !is_imported) {
                bench.register(a, id, from.plus_millis(hour * HOUR + 1_234_567), hour * hour * 1000);
            }
        }
        // The triggers of imports leave marks.
        bench.db.execute("DELETE FROM fact_mark", []).unwrap();
        let tallied = || {
            bench.ledger().figures(|ledger| {
                let network = Network::of(&bench.registry, ledger.met()?, &settings());
                let period = Period::read((Some("2026-Q4"), None, None), LONDON, bench.now).unwrap();
                let mut found = Vec::new();
                for unit in [None, Some(TimeUnit::Day), Some(TimeUnit::Month)] {
                    let buckets = period.buckets(unit, bench.now).unwrap();
                    let spans: Vec<_> = buckets.iter().map(|(_, span)| *span).collect();
                    let mut sums = vec![Facts::default(); spans.len()];
                    tally::tally(ledger, &network, &spans, LONDON, Detail::ALL, &mut |_, bucket, facts| sums[bucket] += facts)?;
                    sums.iter_mut().for_each(in_order);
                    found.push(sums);
                }
                Ok(found)
            }).unwrap()
        };
        let scratch = tallied();
        bench.keep();
        let kept: i64 = bench.db.query_row("SELECT count(*) FROM evse_day", [], |row| row.get(0)).unwrap();
        prop_assert!(kept > 60);
        for sums in &scratch {
            let energy: i64 = sums.iter().map(|facts| facts[Fact::Energy]).sum();
            prop_assert_eq!(energy, scratch[0][0][Fact::Energy], "the parts of a session add up to its energy");
        }
        prop_assert_eq!(&scratch, &tallied());
        // Something late: marked, it is right at once, and right when it is kept again.
        for (from, length, state) in late {
            let (from, until) = (begin.plus_millis(from * HOUR).millis(), begin.plus_millis((from + length) * HOUR).millis());
            let sql = "UPDATE status_interval SET state = ?3 WHERE from_ms >= ?1 AND until_ms <= ?2";
            bench.db.execute(sql, (from, until, states[state])).unwrap();
            bench.db.execute("INSERT INTO fact_mark (charger_id, from_ms, until_ms) VALUES (?, ?, ?)", (a, from, until)).unwrap();
        }
        // Another end of a session, and a reading that came late: the mark of an instant reaches as far as its session does.
        bench.db.execute("UPDATE session_row SET ended_ms = ended_ms - 1800000, energy_mwh = energy_mwh + 7 WHERE id = -1", []).unwrap();
        let late: Option<(i64, i64)> = bench.db.query_row("SELECT started_ms, ended_ms FROM session_row WHERE id = 1", [], |row| Ok((row.get(0)?, row.get(1)?))).ok();
        if let Some((from, until)) = late {
            let at = from + (until - from) / 3;
            bench.register(a, 1, At::from_millis(at), 500);
            bench.db.execute("INSERT INTO fact_mark (charger_id, from_ms, until_ms) VALUES (?, ?, ?)", (a, at, at + 1)).unwrap();
        }
        let marked = tallied();
        bench.keep();
        prop_assert_eq!(&marked, &tallied());
        bench.db.execute_batch(FORGET).unwrap();
        prop_assert_eq!(&marked, &tallied());
    }
}
