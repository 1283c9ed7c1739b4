//! Who the demo's tenants are, what they have and what they had. Products are Microsoft's.

use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
use uuid::{Uuid, uuid};

use crate::config::ApiApp;

/// The support company's own tenant with the app registration of Leitwarte's API.
pub(crate) const HOME: ApiApp = ApiApp {
    tenant_id: uuid!("a0a7f3c2-6a0e-4c58-9d0b-5e1f6d3a9c10"),
    client_id: uuid!("6b1f0f7e-2f2c-4f0a-8a55-0d9f4b7c1e21"),
};

/// What the support company is called.
pub(crate) const HOME_NAME: &str = "adatum";

/// The app that works in the support company's SharePoint lists.
pub(crate) const LISTS_CLIENT: Uuid = uuid!("3c5a2d94-7b1e-4f6d-9a08-c2e4d7f15b63");

/// The app that writes app roles in the support company's tenant.
pub(crate) const ROLES_CLIENT: Uuid = uuid!("91d3f6a4-5b27-4c1e-8e60-7a2b9c4d0f83");

/// The service principal of our API there.
pub(crate) const API_PRINCIPAL: Uuid = uuid!("d7a1c5e2-0f48-4b93-a6d7-3e9f12b8c604");

pub(crate) struct DemoTenant {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) tenant_id: Uuid,
    pub(crate) client_id: Uuid,
    /// For how many days a fresh certificate is made.
    pub(crate) certificate_days: i64,
    /// The line that [`super::movement`] runs dry and refills; all others wander.
    pub(crate) running_dry: Option<&'static str>,
    pub(crate) lines: &'static [Line],
}

/// One product of a tenant at the demo's start.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) part_number: &'static str,
    pub(crate) sku_id: Uuid,
    pub(crate) applies_to: AppliesTo,
    pub(crate) capability_status: CapabilityStatus,
    pub(crate) enabled: i64,
    pub(crate) warning: i64,
    pub(crate) consumed: i64,
    /// How often it changes, compared with the others; 0: never.
    pub(crate) restless: u64,
    /// What it was, oldest first.
    pub(crate) past: &'static [Past],
}

/// A product's numbers so many days before the demo began.
#[derive(Clone, Copy)]
pub(crate) struct Past {
    pub(crate) days_ago: i64,
    pub(crate) enabled: i64,
    pub(crate) consumed: i64,
}

impl Line {
    /// The numbers at the demo's start.
    pub(crate) fn stock(&self) -> LicenceStock {
        LicenceStock {
            sku_id: self.sku_id,
            part_number: self.part_number.to_owned(),
            applies_to: self.applies_to,
            capability_status: self.capability_status,
            enabled: self.enabled,
            warning: self.warning,
            suspended: 0,
            locked_out: 0,
            consumed: self.consumed,
        }
    }

    const fn restless(mut self, weight: u64) -> Self {
        self.restless = weight;
        self
    }

    const fn past(mut self, past: &'static [Past]) -> Self {
        self.past = past;
        self
    }
}

const fn line(part_number: &'static str, sku_id: Uuid, enabled: i64, consumed: i64) -> Line {
    let (applies_to, capability_status) = (AppliesTo::User, CapabilityStatus::Enabled);
    Line { part_number, sku_id, applies_to, capability_status, enabled, warning: 0, consumed, restless: 0, past: &[] }
}

/// A product for the whole company.
const fn company(part_number: &'static str, sku_id: Uuid, enabled: i64) -> Line {
    Line { applies_to: AppliesTo::Company, ..line(part_number, sku_id, enabled, 0) }
}

/// A product whose subscription has expired and is in its grace period.
const fn expired(part_number: &'static str, sku_id: Uuid, warning: i64, consumed: i64) -> Line {
    Line { capability_status: CapabilityStatus::Warning, warning, ..line(part_number, sku_id, 0, consumed) }
}

const fn was(days_ago: i64, enabled: i64, consumed: i64) -> Past {
    Past { days_ago, enabled, consumed }
}

pub(crate) static TENANTS: [&DemoTenant; 4] = [&CONTOSO_SCHOOL, &FABRIKAM, &NORTHWIND, &TAILSPIN];

static CONTOSO_SCHOOL: DemoTenant = DemoTenant {
    key: "contoso-school",
    name: "Contoso Schule",
    tenant_id: uuid!("c0c05a5e-1111-4a6b-8d21-3f0b7c9e1a01"),
    client_id: uuid!("c0c05a5e-aaaa-4a6b-8d21-3f0b7c9e1a01"),
    certificate_days: 365,
    running_dry: Some("M365EDU_A3_STUDENT"),
    lines: &[
        line("M365EDU_A3_STUDENT", uuid!("7cfd9a2b-e110-4c39-bf20-c6a3f36a3121"), 1250, 1238).restless(6).past(&[
            was(90, 1100, 1041),
            was(64, 1100, 1063),
            was(63, 1200, 1066),
            // A new class starts.
            was(42, 1200, 1098),
            was(40, 1200, 1158),
            was(21, 1200, 1184),
            was(20, 1250, 1187),
        ]),
        line("M365EDU_A3_FACULTY", uuid!("4b590615-0888-425a-a965-b3bf7789848d"), 140, 126).restless(3).past(&[
            was(90, 140, 119),
            was(42, 140, 120),
            was(41, 140, 125),
        ]),
        line("M365EDU_A5_FACULTY", uuid!("e97c048c-37a4-45fb-ab50-922fbf07a370"), 25, 20).restless(1),
        line("M365EDU_A5_STUUSEBNFT", uuid!("31d57bc7-3a05-4867-ab53-97a17835a411"), 1000, 212).restless(2),
        line("STANDARDWOFFPACK_STUDENT", uuid!("314c4481-f395-4525-be8b-2ec4bb1e9d91"), 10_000, 402).restless(1),
        line("STANDARDWOFFPACK_FACULTY", uuid!("94763226-9b3c-4e75-a931-5c89701abe66"), 5000, 63),
        line("POWER_BI_PRO_FACULTY", uuid!("de5f128b-46d7-4cfc-b915-a89ba060ea56"), 15, 11).restless(1),
        expired("MCOEV_FACULTY", uuid!("d979703c-028d-4de5-acbf-7955566b69b9"), 30, 26),
        line("FLOW_FREE", uuid!("f30db892-07e9-47e9-837c-80727f46fd3d"), 10_000, 87).restless(1),
        line("STREAM", uuid!("1f2f344a-700d-42c9-9427-5cea1d5d7ba6"), 1_000_000, 12),
        company("WINDOWS_STORE", uuid!("6470687e-a428-4b7a-bef2-8a291ad947c9"), 25),
    ],
};

static FABRIKAM: DemoTenant = DemoTenant {
    key: "fabrikam",
    name: "Fabrikam",
    tenant_id: uuid!("fab21ca0-2222-4f3e-9b47-81d2c4e6f702"),
    client_id: uuid!("fab21ca0-bbbb-4f3e-9b47-81d2c4e6f702"),
    certificate_days: 365,
    running_dry: None,
    lines: &[
        line("SPE_E3", uuid!("05e9a617-0261-4cee-bb44-138d3ef5d965"), 850, 712).restless(5).past(&[
            was(90, 800, 655),
            was(45, 800, 690),
            was(44, 850, 692),
        ]),
        line("SPE_E5", uuid!("06ebc4ee-1bb5-47dd-8120-11324bc54e06"), 120, 88).restless(2).past(&[was(90, 120, 79)]),
        line("SPE_F1", uuid!("66b55226-6b4f-492c-910c-a3b7a3c9d993"), 300, 224).restless(3).past(&[was(90, 300, 231)]),
        line("Microsoft_365_Copilot", uuid!("639dec6b-bb19-468b-871c-c5c441c4b0cb"), 50, 34).restless(2).past(&[
            was(90, 20, 16),
            // Ran out, then more were bought.
            was(70, 20, 20),
            was(66, 20, 20),
            was(65, 50, 22),
        ]),
        line("POWER_BI_PRO", uuid!("f8a1db68-be16-40ed-86d5-cb42ce701560"), 200, 143).restless(2),
        line("VISIOCLIENT", uuid!("c5928f49-12ba-48f7-ada3-0d743a3601d5"), 60, 41).restless(1),
        line("PROJECTPROFESSIONAL", uuid!("53818b1b-4a27-454b-8896-0dba576410e6"), 45, 30).restless(1),
        line("EXCHANGESTANDARD", uuid!("4b9405b0-7788-4568-add1-99614e613b69"), 100, 61).restless(1),
        expired("MCOMEETADV", uuid!("0c266dff-15dd-4b49-8397-2bb16070ed52"), 60, 41),
        line("POWER_BI_STANDARD", uuid!("a403ebcc-fae0-4ca2-8c8c-7a907fd6c235"), 1_000_000, 391).restless(1),
        line("FLOW_FREE", uuid!("f30db892-07e9-47e9-837c-80727f46fd3d"), 10_000, 512),
        company("CDS_DB_CAPACITY", uuid!("e612d426-6bc3-4181-9658-91aa906b0ac0"), 5),
    ],
};

static NORTHWIND: DemoTenant = DemoTenant {
    key: "northwind",
    name: "Northwind",
    tenant_id: uuid!("0e57b1d0-3333-4d9c-a6f8-5b1c9e7d2a03"),
    client_id: uuid!("0e57b1d0-cccc-4d9c-a6f8-5b1c9e7d2a03"),
    certificate_days: 365,
    running_dry: None,
    lines: &[
        line("SPB", uuid!("cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"), 85, 92).restless(3).past(&[
            was(90, 95, 86),
            was(35, 95, 88),
            // Renewed for fewer people than were using it.
            was(34, 85, 88),
        ]),
        line("O365_BUSINESS_ESSENTIALS", uuid!("3b555118-da6a-4418-894f-7df1e2096870"), 40, 33).restless(3),
        line("EXCHANGESTANDARD", uuid!("4b9405b0-7788-4568-add1-99614e613b69"), 20, 20),
        line("POWER_BI_PRO", uuid!("f8a1db68-be16-40ed-86d5-cb42ce701560"), 12, 8).restless(1),
        line("ATP_ENTERPRISE", uuid!("4ef96642-f096-40de-a3e9-d83fb2f90211"), 90, 76).restless(2),
        line("DYN365_BUSCENTRAL_ESSENTIAL", uuid!("2880026b-2b0c-4251-8656-5d41ff11e3aa"), 12, 11),
        expired("VISIOCLIENT", uuid!("c5928f49-12ba-48f7-ada3-0d743a3601d5"), 6, 5),
        line("TEAMS_EXPLORATORY", uuid!("710779e8-3d4a-4c88-adb9-386c958d1fdf"), 100, 14).restless(1),
        line("FLOW_FREE", uuid!("f30db892-07e9-47e9-837c-80727f46fd3d"), 10_000, 22).restless(1),
        company("DYN365_BUSCENTRAL_DB_CAPACITY", uuid!("7d0d4f9a-2686-4cb8-814c-eff3fdab6d74"), 1),
    ],
};

static TAILSPIN: DemoTenant = DemoTenant {
    key: "tailspin",
    name: "Tailspin",
    tenant_id: uuid!("7a115b10-4444-4b7a-8c35-92e6d0f1b404"),
    client_id: uuid!("7a115b10-dddd-4b7a-8c35-92e6d0f1b404"),
    certificate_days: 5,
    running_dry: None,
    lines: &[
        line("O365_BUSINESS_PREMIUM", uuid!("f245ecc8-75af-4f8e-b61f-27d8114de5f3"), 60, 44).restless(3).past(&[
            was(90, 50, 37),
            was(52, 50, 42),
            was(51, 60, 42),
        ]),
        line("O365_BUSINESS", uuid!("cdd28e44-67e3-425e-be4c-737fab2899d3"), 25, 14).restless(1),
        line("AAD_PREMIUM", uuid!("078d2b04-f1bd-4111-bbd4-b4b1b354cef4"), 60, 41).restless(2).past(&[was(90, 60, 36)]),
        line("INTUNE_A", uuid!("061f9ace-7d42-4136-88ac-31dc755f143f"), 60, 39).restless(2).past(&[was(90, 60, 35)]),
        line("EXCHANGEDESKLESS", uuid!("80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82"), 30, 18).restless(1),
        expired("MCOMEETADV", uuid!("0c266dff-15dd-4b49-8397-2bb16070ed52"), 4, 2),
        line("POWERAPPS_VIRAL", uuid!("dcb1a3ae-b33f-4487-846a-a640262fadf4"), 10_000, 7).restless(1),
        company("CDS_LOG_CAPACITY", uuid!("448b063f-9cc6-42fc-a0e6-40e08724a395"), 2),
    ],
};

#[cfg(test)]
mod tests {
    use leitwarte_core::catalogue;
    use leitwarte_core::rules::Rule;
    use leitwarte_core::stock::StockState;

    use super::*;

    #[test]
    fn every_product_is_microsofts_and_every_id_different() {
        let mut ids = vec![HOME.tenant_id, HOME.client_id, LISTS_CLIENT];
        for tenant in TENANTS {
            ids.extend([tenant.tenant_id, tenant.client_id]);
            for line in tenant.lines {
                let by_id = catalogue::product_name(line.sku_id, "");
                let by_part_number = catalogue::product_name(Uuid::nil(), line.part_number);
                assert!(!by_id.is_empty(), "{} has an unknown GUID", line.part_number);
                assert_eq!(by_id, by_part_number, "{} has another product's GUID", line.part_number);
            }
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn every_tenant_has_each_kind_of_product() {
        for tenant in TENANTS {
            let stock: Vec<LicenceStock> = tenant.lines.iter().map(Line::stock).collect();
            assert!((6..=12).contains(&stock.len()), "{}", tenant.key);
            let has = |state| stock.iter().any(|stock| Rule::default().state(stock, true, false) == state);
            assert!(has(StockState::Unmetered) && has(StockState::CompanyWide), "{}", tenant.key);
            assert!(stock.iter().any(|stock| stock.capability_status == CapabilityStatus::Warning), "{}", tenant.key);
        }
    }

    #[test]
    fn the_tenants_start_in_character() {
        let worst = |tenant: &DemoTenant| {
            tenant.lines.iter().map(|line| Rule::default().state(&line.stock(), true, false)).min()
        };
        assert_eq!(worst(&CONTOSO_SCHOOL), Some(StockState::Low));
        assert_eq!(worst(&FABRIKAM), Some(StockState::Fine));
        assert_eq!(worst(&NORTHWIND), Some(StockState::Short));
        assert!(NORTHWIND.lines.iter().any(|line| line.stock().free(true) < 0));
        assert_eq!(worst(&TAILSPIN), Some(StockState::Fine));
    }
}
