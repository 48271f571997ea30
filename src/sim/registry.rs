//! The registry rows of the simulated fleet, as a server imports them: one row per EVSE, every row marked as simulated.

use super::fleet::Fleet;

const HEADER: &str = "charger_id,charger_name,site_id,site_name,site_type,latitude,longitude,lsoa_code,imd_decile,opening_hours,\
                      commissioned_on,evse_id,connector_ids,connector_types,rated_kw,simulated";

/// Writes the registry of a fleet as CSV with a header line.
pub fn registry_csv(fleet: &Fleet) -> String {
    let mut rows = vec![HEADER.to_owned()];
    for charger in fleet.chargers() {
        let (spec, site) = (charger.spec(), charger.spec().site);
        for evse in &spec.evses {
            let ids: Vec<String> = evse.connectors.iter().map(|(id, _)| id.to_string()).collect();
            let plugs: Vec<&str> = evse.connectors.iter().map(|(_, plug)| *plug).collect();
            let fields = [
                spec.id.clone(),
                quoted(&spec.name),
                format!("SIM-{}", site.code),
                quoted(site.name),
                site.site_type.as_str().to_owned(),
                format!("{:.4}", site.latitude),
                format!("{:.4}", site.longitude),
                site.lsoa.to_owned(),
                site.imd_decile.to_string(),
                site.opening_hours(),
                site.commissioned_on.to_owned(),
                evse.id.to_string(),
                ids.join(";"),
                plugs.join(";"),
                kilowatts(evse.rated_w),
                "true".to_owned(),
            ];
            rows.push(fields.join(","));
        }
    }
    rows.join("\n") + "\n"
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn kilowatts(watts: i64) -> String {
    if watts % 1000 == 0 { (watts / 1000).to_string() } else { format!("{}.{}", watts / 1000, watts % 1000 / 100) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::fleet::FleetPlan;

    #[test]
    fn the_first_rows_read_as_the_server_expects_them() {
        let fleet = Fleet::new(&FleetPlan::new(6, 1, "2026-02-02T00:00:00Z".parse().unwrap()));
        let text = registry_csv(&fleet);
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(
            rows[1],
            "SIM-CMK-001,Midsummer Boulevard rapid hub 1,SIM-CMK,Midsummer Boulevard rapid hub,rapid_hub,52.0437,-0.7560,\
             E01033499,2,24/7,2021-06-14,1,1;2,CCS;CHAdeMO,50,true"
        );
        assert_eq!(
            rows[2],
            "SIM-NFD-001,Netherfield 1,SIM-NFD,Netherfield,on_street_residential,52.0192,-0.7315,E01016842,1,24/7,2022-09-05,\
             1,1,Type2,7.4,true"
        );
    }

    #[test]
    fn a_csv_reader_finds_as_many_fields_in_each_row_as_in_the_header() {
        let fleet = Fleet::new(&FleetPlan::new(200, 1, "2026-02-02T00:00:00Z".parse().unwrap()));
        let text = registry_csv(&fleet);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert!(rows.len() > 200);
        assert!(rows.iter().all(|row| row.len() == 16 && row[15] == *"true"));
    }
}
