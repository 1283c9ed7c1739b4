//! The planner against lists in memory, and against what chance comes up with.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::{Field, Known, Lists, Plan, Row, Write, plan};
use super::profile::{DraftProfile, SharePointProfile};
use super::provision::Named;
use super::rows::{Item, Licence, LicenceRow, Numbers, Tenant, TenantRow};

/// Both lists as SharePoint keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Site {
    tenants: Vec<TenantRow>,
    licences: Vec<LicenceRow>,
    known: Known,
    made: u32,
    /// How often each licence's flow was started.
    told: BTreeMap<(String, String), u32>,
}

impl Site {
    fn plan(&self, tenants: &[Tenant]) -> Plan {
        plan(tenants, Lists { tenants: &self.tenants, licences: &self.licences, known: &self.known })
    }

    fn item(&mut self) -> Item {
        self.made += 1;
        Item { id: self.made.to_string(), etag: "1".to_owned() }
    }

    /// Plans, writes the first `most` writes, and remembers.
    fn sync(&mut self, tenants: &[Tenant], most: usize) -> Plan {
        let plan = self.plan(tenants);
        self.known = plan.known.clone();
        for write in plan.writes.iter().take(most) {
            self.write(write);
        }
        plan
    }

    fn write(&mut self, write: &Write) {
        let item = write.item.clone().unwrap_or_else(|| self.item());
        match &write.row {
            Row::Tenant(key) => {
                self.known.tenants.insert(key.clone(), item.id.clone());
                if write.item.is_none() {
                    let (title, item) = (String::new(), item.clone());
                    let new = TenantRow { item, title, enabled: true, monitoring: false, cert_expires: None };
                    self.tenants.push(new);
                }
                let row = self.tenants.iter_mut().find(|row| row.item.id == item.id).unwrap();
                for field in &write.fields {
                    match field.clone() {
                        Field::TenantTitle(title) => row.title = title,
                        Field::Enabled(on) => row.enabled = on,
                        Field::Monitoring(on) => row.monitoring = on,
                        Field::CertExpires(day) => row.cert_expires = Some(day),
                        other => panic!("{other:?} is no column of the Tenantliste"),
                    }
                }
            }
            Row::Licence(key, sku) => {
                self.known.licences.insert((key.clone(), *sku), item.id.clone());
                if write.item.is_none() {
                    self.licences.push(row(&item, "", ""));
                }
                let row = self.licences.iter_mut().find(|row| row.item.id == item.id).unwrap();
                let mut numbers = row.numbers.unwrap_or_default();
                for field in &write.fields {
                    match field.clone() {
                        Field::Licence(title) => row.title = title,
                        Field::Tenant(name) => row.tenant = name,
                        Field::Available(number) => numbers.available = number,
                        Field::Consumed(number) => numbers.consumed = number,
                        Field::Free(number) => numbers.free = number,
                        Field::Trigger(on) => row.trigger = on,
                        Field::Informed(on) => row.informed = on,
                        other => panic!("{other:?} is no column of the Lizenzstatusliste"),
                    }
                }
                row.numbers = Some(numbers);
            }
        }
    }

    /// The flow of the source system: tells whoever is to be told, and says so.
    fn flow(&mut self) {
        for row in self.licences.iter_mut().filter(|row| row.trigger) {
            *self.told.entry((row.tenant.clone(), row.title.clone())).or_default() += 1;
            (row.trigger, row.informed) = (false, true);
        }
    }
}

fn row(item: &Item, tenant: &str, title: &str) -> LicenceRow {
    let (title, tenant) = (title.to_owned(), tenant.to_owned());
    LicenceRow { item: item.clone(), title, tenant, numbers: None, trigger: false, informed: false }
}

fn licence(id: u128, free: i64) -> Licence {
    Licence {
        sku_id: Uuid::from_u128(id),
        part_number: format!("PART_{id}"),
        title: format!("Product {id} (PART_{id})"),
        numbers: Numbers { available: 10, consumed: 10 - free, free },
        alerts: true,
    }
}

fn tenant(key: &str, licences: Vec<Licence>) -> Tenant {
    let name = key.to_uppercase();
    Tenant {
        key: key.to_owned(),
        name,
        enabled: true,
        switched_on: true,
        monitoring: true,
        cert_expires: None,
        licences: Some(licences),
    }
}

fn triggers(site: &Site) -> Vec<bool> {
    site.licences.iter().map(|row| row.trigger).collect()
}

#[test]
fn what_the_lists_say_already_is_not_written() {
    let mut site = Site::default();
    let tenants = [tenant("contoso", vec![licence(1, 3), licence(2, 0)]), tenant("fabrikam", vec![])];
    assert_eq!(site.sync(&tenants, 99).writes.len(), 4);
    assert_eq!(site.plan(&tenants).writes, []);
    let changed = [tenant("contoso", vec![licence(1, 2), licence(2, 0)]), tenant("fabrikam", vec![])];
    let writes = site.plan(&changed).writes;
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].fields, [Field::Consumed(8), Field::Free(2)], "only what differs");
}

#[test]
fn a09_negative_free_units_and_a_licence_first_seen_short_start_the_flow() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![licence(1, 0), licence(2, -4), licence(3, 1)])], 99);
    assert_eq!(triggers(&site), [true, true, false]);
}

#[test]
fn who_was_told_is_not_told_again_until_there_was_stock() {
    let mut site = Site::default();
    for free in [0, -1, 0, 2, 0, 0] {
        for _ in 0..2 {
            site.sync(&[tenant("contoso", vec![licence(1, free)])], 99);
            site.flow();
        }
    }
    assert_eq!(site.told.values().copied().collect::<Vec<_>>(), [2]);
    assert!(site.licences[0].informed);
}

#[test]
fn a_product_that_went_while_short_and_comes_back_short_is_told_again() {
    let mut site = Site::default();
    for licences in [vec![licence(1, 0)], vec![], vec![licence(1, 0)]] {
        site.sync(&[tenant("contoso", licences)], 99);
        site.flow();
    }
    assert_eq!(site.told.values().copied().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_flow_that_has_not_run_yet_does_not_tell_what_is_over() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![licence(1, 0), licence(2, 0)])], usize::MAX);
    assert_eq!(triggers(&site), [true, true]);
    site.sync(&[tenant("contoso", vec![licence(1, 3)])], usize::MAX);
    assert_eq!(triggers(&site), [false, false], "stock is back, and the other product is gone");
    site.sync(&[tenant("contoso", vec![licence(1, 0)])], usize::MAX);
    assert_eq!(triggers(&site), [true, false], "the next shortage is told");
    site.tenants[0].monitoring = false;
    site.sync(&[tenant("contoso", vec![licence(1, 0)])], usize::MAX);
    assert_eq!(triggers(&site), [false, false], "A10: not without monitoring");
}

#[test]
fn a10_without_monitoring_numbers_are_written_and_nobody_is_told() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![])], 99);
    site.tenants[0].monitoring = false;
    let plan = site.sync(&[tenant("contoso", vec![licence(1, 0)])], 99);
    assert_eq!(triggers(&site), [false]);
    assert!(!plan.switches[0].monitoring);
    site.tenants[0].monitoring = true;
    site.sync(&[tenant("contoso", vec![licence(1, 0)])], 99);
    assert_eq!(triggers(&site), [true]);
}

#[test]
fn a_tenant_that_is_switched_off_is_not_written() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![])], 99);
    site.tenants[0].enabled = false;
    assert_eq!(site.plan(&[tenant("contoso", vec![licence(1, 0)])]).writes, []);
    let off = Tenant { enabled: false, ..tenant("fabrikam", vec![licence(1, 0)]) };
    assert_eq!(site.plan(&[off]).writes, []);
}

#[test]
fn a_new_row_has_the_switches_that_people_set_here_before() {
    for (switched_on, monitoring, told) in [(true, true, [true]), (true, false, [false])] {
        let mut site = Site::default();
        let short = Tenant { switched_on, monitoring, ..tenant("contoso", vec![licence(1, 0)]) };
        assert_eq!(site.sync(std::slice::from_ref(&short), 99).switches, [], "there is no master yet");
        let row = &site.tenants[0];
        assert_eq!((row.enabled, row.monitoring, triggers(&site).as_slice()), (switched_on, monitoring, &told[..]));
        assert_eq!(site.plan(&[short]).writes, []);
    }
    let mut site = Site::default();
    site.sync(&[Tenant { switched_on: false, ..tenant("contoso", vec![licence(1, 0)]) }], 99);
    assert_eq!((site.tenants[0].enabled, site.licences.len()), (false, 0), "it can be switched on there, too");
    site.tenants[0].enabled = true;
    site.sync(&[Tenant { switched_on: false, ..tenant("contoso", vec![licence(1, 0)]) }], 99);
    assert_eq!(triggers(&site), [true], "from then on the Tenantliste is the master");
}

#[test]
fn free_products_are_written_and_never_told() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![Licence { alerts: false, ..licence(1, -1) }])], 99);
    assert_eq!(triggers(&site), [false]);
    assert_eq!(site.licences[0].numbers.unwrap().free, -1);
}

#[test]
fn unknown_numbers_leave_the_rows_as_they_are() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![licence(1, 3)])], 99);
    let unknown = Tenant { licences: None, ..tenant("contoso", vec![]) };
    assert_eq!(site.plan(std::slice::from_ref(&unknown)).writes, []);
    assert_eq!(site.plan(&[unknown]).known, site.known, "and nothing is forgotten");
}

#[test]
fn a08_a15_rows_of_the_source_system_are_recognised_whatever_their_title_and_never_doubled() {
    for title in ["PART_1", "part_1", "Old name (PART_1)", "Product 1 (PART_1)"] {
        let item = Item { id: "7".to_owned(), etag: "1".to_owned() };
        let mut site = Site { licences: vec![row(&item, "contoso ", title)], made: 7, ..Site::default() };
        site.sync(&[tenant("contoso", vec![licence(1, 3)])], 99);
        assert_eq!(site.licences.len(), 1, "{title}");
        let renamed = Licence { title: "New name (PART_1)".to_owned(), ..licence(1, 3) };
        assert_eq!(site.plan(&[tenant("contoso", vec![renamed])]).writes, [], "{title}");
    }
}

#[test]
fn a15_a_tenant_that_is_renamed_keeps_its_rows() {
    let mut site = Site::default();
    let before = tenant("contoso", vec![licence(1, 3)]);
    site.sync(std::slice::from_ref(&before), 99);
    let after = Tenant { name: "Contoso AG".to_owned(), ..before };
    site.sync(std::slice::from_ref(&after), 99);
    assert_eq!((site.tenants.len(), site.licences.len()), (1, 1));
    assert_eq!((site.tenants[0].title.as_str(), site.licences[0].tenant.as_str()), ("Contoso AG", "Contoso AG"));
    assert_eq!(site.plan(&[after]).writes, []);
}

#[test]
fn doubled_rows_are_named_and_the_oldest_is_kept_up_to_date() {
    let item = |id: &str| Item { id: id.to_owned(), etag: "1".to_owned() };
    let licences = vec![row(&item("12"), "contoso", "PART_1"), row(&item("9"), "contoso", "X (PART_1)")];
    let mut site = Site { licences, made: 12, ..Site::default() };
    let plan = site.sync(&[tenant("contoso", vec![licence(1, 3)])], 99);
    assert_eq!(plan.duplicates, ["12"]);
    assert_eq!(plan.known.licences.values().collect::<Vec<_>>(), ["9"]);
}

#[test]
fn a_product_that_is_gone_has_nothing_left_and_nobody_is_told() {
    let mut site = Site::default();
    site.sync(&[tenant("contoso", vec![licence(1, 3), licence(2, 5)])], 99);
    site.sync(&[tenant("contoso", vec![licence(1, 3)])], 99);
    assert_eq!(site.licences[1].numbers, Some(Numbers::default()));
    assert_eq!(triggers(&site), [false, false]);
    assert_eq!(site.plan(&[tenant("contoso", vec![licence(1, 3)])]).writes, []);
    site.sync(&[tenant("contoso", vec![licence(1, 3), licence(2, 5)])], 99);
    assert_eq!(site.licences.len(), 2, "when it comes back it has its row again");
}

#[test]
fn the_certificates_day_is_kept_up_to_date() {
    let mut site = Site::default();
    let day = NaiveDate::from_ymd_opt(2027, 5, 19);
    site.sync(&[Tenant { cert_expires: day, ..tenant("contoso", vec![]) }], 99);
    assert_eq!(site.tenants[0].cert_expires, day);
    let renewed = Tenant { cert_expires: NaiveDate::from_ymd_opt(2029, 5, 19), ..tenant("contoso", vec![]) };
    assert_eq!(site.plan(&[renewed]).writes.len(), 1);
    let unread = Tenant { cert_expires: None, ..tenant("contoso", vec![]) };
    assert_eq!(site.plan(&[unread]).writes, []);
}

fn sp_profile(change: impl Fn(&mut Value)) -> Result<SharePointProfile, String> {
    let mut profile = json!({
        "tenant_id": Uuid::from_u128(1), "tenant_name": "intranet", "client_id": Uuid::from_u128(2),
        "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "certs/sp.pem", "expires": "2030-01-01",
        "sharepoint_infos": {
            "site_id": format!("contoso.sharepoint.com,{},{}", Uuid::from_u128(3), Uuid::from_u128(4)),
            "license_list_id": Uuid::from_u128(5), "tenant_list_id": Uuid::from_u128(6), "tenant_field": "tenant",
            "field_mapping": { "Frei": "Frei", "Gebraucht": "Gebraucht", "Verfügbar": "Verf_x00fc_gbar",
                "Infosup": "trigger_inform_supporter", "Tenant": "tenant", "Lizenzname": "Title" },
        },
    });
    change(&mut profile);
    SharePointProfile::parse(&profile.to_string()).map_err(|error| error.to_string())
}

#[test]
fn a_profile_of_the_source_system_loads_and_mistakes_are_named() {
    assert_eq!(sp_profile(|_| ()).unwrap().lists.field_mapping.available, "Verf_x00fc_gbar");
    for (path, value, word) in [
        ("/sharepoint_infos/site_id", json!("contoso.sharepoint.com:/sites/it"), "site_id"),
        ("/sharepoint_infos/license_list_id", json!(Uuid::from_u128(6)), "license_list_id"),
        ("/sharepoint_infos/field_mapping/Frei", json!(" "), "Frei"),
        ("/sharepoint_infos/tenant_list_id", json!("x"), "sharepoint_infos"),
        ("/thumbprint", json!("x"), "thumbprint"),
    ] {
        let error = sp_profile(|profile| *profile.pointer_mut(path).unwrap() = value.clone()).unwrap_err();
        assert!(error.contains(word), "{path}: {error}");
    }
    let error = sp_profile(|profile| profile["sharepoint_infos"]["site"] = json!(1)).unwrap_err();
    assert!(error.contains("unknown field `site`"), "{error}");
    let error = sp_profile(|profile| profile["secret"] = json!(1)).unwrap_err();
    assert!(error.contains("unknown field `secret`"), "{error}");
}

#[test]
fn a_draft_needs_the_app_and_takes_placeholders_for_the_lists() {
    let parse = |infos: Option<Value>| {
        let mut profile = json!({
            "tenant_id": Uuid::from_u128(1), "tenant_name": "intranet", "client_id": Uuid::from_u128(2),
            "thumbprint": "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678", "cert_path": "sp.pem", "expires": "2030-01-01",
        });
        if let Some(infos) = infos {
            profile["sharepoint_infos"] = infos;
        }
        DraftProfile::parse(&profile.to_string()).map(|draft| draft.named)
    };
    assert_eq!(parse(None), Ok(Named::default()));
    let placeholders = json!({ "site_id": "<site>", "license_list_id": "", "tenant_list_id": Uuid::nil() });
    assert_eq!(parse(Some(placeholders)), Ok(Named::default()));
    let named = parse(Some(json!({ "tenant_list_id": Uuid::from_u128(6), "field_mapping": { "Frei": "free" } })));
    let expected = Named {
        tenants: Some(Uuid::from_u128(6)),
        mapping: vec![("Frei".to_owned(), "free".to_owned())],
        ..Named::default()
    };
    assert_eq!(named, Ok(expected));
    assert!(DraftProfile::parse("{}").is_err());
}

fn tenants() -> impl Strategy<Value = Vec<Tenant>> {
    let licences = prop::collection::btree_map(1..5_u128, -2..3_i64, 0..4)
        .prop_map(|licences| licences.into_iter().map(|(id, free)| licence(id, free)).collect());
    let one = (prop::bool::weighted(0.9), prop::option::weighted(0.9, licences));
    prop::collection::vec(one, 3).prop_map(|tenants| {
        let known = |(index, (enabled, licences)): (usize, (bool, Option<Vec<Licence>>))| Tenant {
            enabled,
            licences,
            ..tenant(["contoso", "fabrikam", "tailspin"][index], vec![])
        };
        tenants.into_iter().enumerate().map(known).collect()
    })
}

proptest! {
    #[test]
    fn after_a_sync_there_is_nothing_to_do(cycles in prop::collection::vec(tenants(), 1..6)) {
        let mut site = Site::default();
        for tenants in &cycles {
            site.sync(tenants, usize::MAX);
            prop_assert_eq!(site.plan(tenants).writes, vec![]);
            site.flow();
            prop_assert!(site.plan(tenants).writes.iter().all(|write| !write.fields.contains(&Field::Trigger(true))));
        }
    }

    #[test]
    fn an_interrupted_sync_is_completed_by_the_next_one(
        cycles in prop::collection::vec((tenants(), 0..8_usize, any::<bool>()), 1..6),
    ) {
        let (mut whole, mut broken) = (Site::default(), Site::default());
        for (tenants, most, forgets) in &cycles {
            whole.sync(tenants, usize::MAX);
            let before = broken.known.clone();
            broken.sync(tenants, *most);
            if *forgets {
                // Killed before it could remember what it wrote.
                broken.known = before;
            }
            broken.sync(tenants, usize::MAX);
            let key = |row: &LicenceRow| (row.tenant.clone(), row.title.clone());
            whole.licences.sort_by_key(key);
            broken.licences.sort_by_key(key);
            let plain = |site: &Site| site.licences.iter().map(|row| (key(row), row.numbers, row.trigger, row.informed))
                .collect::<Vec<_>>();
            prop_assert_eq!(plain(&whole), plain(&broken));
            whole.flow();
            broken.flow();
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(tenants in tenants(), seed in any::<u64>()) {
        let mut site = Site::default();
        site.sync(&tenants, usize::MAX);
        let mut shuffled = site.clone();
        let turn = usize::try_from(seed % 7).unwrap();
        let length = shuffled.licences.len().max(1);
        shuffled.licences.rotate_left(turn % length);
        prop_assert_eq!(shuffled.plan(&tenants), site.plan(&tenants));
    }
}
