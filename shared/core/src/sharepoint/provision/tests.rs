use super::*;

fn column(name: &str, shown: &str, holds: Option<ColumnType>) -> SiteColumn {
    let names = Column { name: name.to_owned(), display_name: shown.to_owned() };
    SiteColumn { id: format!("id of {name}"), names, holds }
}

/// A site in memory, in which steps can be carried out.
#[derive(Default)]
struct Site(Vec<SiteList>);

impl Site {
    fn list(&mut self, name: &str, columns: Vec<SiteColumn>) -> Uuid {
        let id = Uuid::from_u128(self.0.len() as u128 + 1);
        self.0.push(SiteList { id, name: name.to_owned(), columns });
        id
    }

    fn carry_out(&mut self, step: &Step) {
        match step {
            Step::MakeList(definition) => {
                let mut columns = vec![column("Title", "Titel", Some(ColumnType::Text))];
                columns.extend(definition.columns.iter().map(|made| column(made.name, made.name, Some(made.holds))));
                self.list(definition.name, columns);
            }
            Step::AddColumn { list, column: made, .. } => {
                let list = self.0.iter_mut().find(|one| one.id == *list).unwrap();
                list.columns.push(column(made.name, made.name, Some(made.holds)));
            }
            Step::ShowTitleAs { list, column, name, .. } => {
                let list = self.0.iter_mut().find(|one| one.id == *list).unwrap();
                let column = list.columns.iter_mut().find(|one| one.id == *column).unwrap();
                (*name).clone_into(&mut column.names.display_name);
            }
        }
    }

    /// Carries out at most so many steps a run; the number of runs until there is nothing left.
    fn runs(&mut self, steps_a_run: usize, named: &Named) -> usize {
        for run in 0..20 {
            let plan = plan(&self.0, named);
            if plan.is_nothing() {
                return run;
            }
            plan.steps.iter().take(steps_a_run).for_each(|step| self.carry_out(step));
        }
        panic!("it never ends")
    }
}

#[test]
fn an_empty_site_gets_three_lists_and_then_nothing_more() {
    let (mut site, named) = (Site::default(), Named::default());
    assert_eq!(site.runs(99, &named), 2, "lists, then the shown names of their titles");
    let made: Vec<&str> = site.0.iter().map(|list| list.name.as_str()).collect();
    assert_eq!(made, ["Parameterliste", "Tenantliste", "Lizenzstatusliste"]);
    let infos = addresses("site", &site.0, &named).unwrap();
    assert_eq!(infos.parameter_list_id, Some(site.0[0].id));
    assert_eq!((infos.tenant_list_id, infos.license_list_id), (site.0[1].id, site.0[2].id));
    assert_eq!((infos.field_mapping.licence.as_str(), infos.tenant_field.as_str()), ("Title", "tenant"));
}

#[test]
fn whatever_run_is_interrupted_where_ever_the_next_ones_complete_it() {
    let mut site = Site::default();
    assert_eq!(site.runs(1, &Named::default()), 5, "three lists, two names of titles");
}

#[test]
fn of_a_list_made_by_hand_only_what_is_missing_is_made() {
    let mut site = Site::default();
    site.list(
        "lizenzstatusliste",
        vec![
            column("Title", "Produkt", Some(ColumnType::Text)),
            column("Verf_x00fc_gbar", "Verfügbar", Some(ColumnType::Number)),
            column("OData_free", "FREI", Some(ColumnType::Number)),
            column("tenant", "Kunde", Some(ColumnType::Text)),
            column("informed", "technician_informed", Some(ColumnType::YesNo)),
        ],
    );
    let named = Named::default();
    let added = plan(&site.0, &named).steps.into_iter().filter_map(|step| match step {
        Step::AddColumn { column, .. } => Some(column.name),
        Step::MakeList(_) | Step::ShowTitleAs { .. } => None,
    });
    assert_eq!(added.collect::<Vec<_>>(), ["Gebraucht", "trigger_inform_supporter"]);
    assert_eq!(addresses("site", &site.0, &named), None, "before that no profile can name them");
    site.runs(99, &named);
    let mapping = addresses("site", &site.0, &named).unwrap().field_mapping;
    assert_eq!((mapping.available.as_str(), mapping.free.as_str()), ("Verf_x00fc_gbar", "OData_free"));
    assert_eq!(mapping.licence, "Title", "whatever people call it");
}

#[test]
fn the_profiles_own_lists_and_columns_count_first() {
    let mut site = Site::default();
    let (yes_no, text) = (Some(ColumnType::YesNo), Some(ColumnType::Text));
    let mine = site.list(
        "Kunden",
        vec![
            column("Title", "Titel", text),
            column("enabled", "enabled", yes_no),
            column("monitoring", "monitoring", yes_no),
            column("cert_expires", "cert_expires", Some(ColumnType::Date)),
        ],
    );
    site.list("Tenantliste", vec![]);
    let named = Named {
        tenants: Some(mine),
        mapping: vec![("Lizenzname".to_owned(), "sku".to_owned()), ("Frei".to_owned(), "gone".to_owned())],
        ..Named::default()
    };
    let licences = site.list("Lizenzstatusliste", vec![column("Title", "Titel", text), column("sku", "SKU", text)]);
    site.runs(99, &named);
    let infos = addresses("site", &site.0, &named).unwrap();
    assert_eq!((infos.tenant_list_id, infos.license_list_id), (mine, licences));
    let mapping = infos.field_mapping;
    assert_eq!(
        (mapping.licence.as_str(), mapping.free.as_str()),
        ("sku", "Frei"),
        "a name that means nothing is mended"
    );
    assert!(site.0[1].columns.is_empty(), "a list that nobody named is left alone");
}

#[test]
fn a_column_of_another_kind_is_named_and_left_alone() {
    let mut site = Site::default();
    site.runs(99, &Named::default());
    let licences = &mut site.0[2].columns;
    licences.iter_mut().find(|column| column.names.name == "Frei").unwrap().holds = Some(ColumnType::Text);
    let plan = plan(&site.0, &Named::default());
    assert_eq!(plan.steps, []);
    let told: Vec<String> = plan.obstacles.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("`Frei` of the Lizenzstatusliste does not hold a number"), "{told:?}");
}

#[test]
fn one_list_cannot_be_two() {
    let mut site = Site::default();
    site.runs(99, &Named::default());
    let named = Named { tenants: Some(site.0[2].id), ..Named::default() };
    let told = plan(&site.0, &named).obstacles.remove(0).to_string();
    assert!(told.contains("as Tenantliste and as Lizenzstatusliste"), "{told}");
}

#[test]
fn what_the_flows_look_up_is_named_while_it_is_missing() {
    let said = ["Recipientmail ".to_owned(), "other".to_owned()];
    assert_eq!(missing_parameters(&said), [("sendermail", ""), ("communication", "E-Mail")]);
}
