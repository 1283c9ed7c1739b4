use super::*;

fn person(number: i64, role: &str) -> Candidate {
    Candidate {
        person: number,
        name: format!("Person {number}"),
        object_id: Some(Uuid::from_u128(u128::try_from(number).unwrap())),
        role: (!role.is_empty()).then(|| role.to_owned()),
        ceiling: None,
    }
}

/// 1 finance, 2 internal, 3 head, 4 member, 5 candidate, 6 nobody yet.
fn everybody() -> Vec<Candidate> {
    let roles = ["board_finance", "board_internal", "head", "member", "candidate", ""];
    (1..).zip(roles).map(|(number, role)| person(number, role)).collect()
}

fn change(who: usize, to: &str) -> Result<Accepted, Refusal> {
    let everybody = everybody();
    accept(&RoleTable::shipped(), &everybody[who - 1], &Wish::Change { to: to.to_owned() }, &everybody)
}

fn hand_over(who: usize, to: &str, successor: i64) -> Result<Accepted, Refusal> {
    let everybody = everybody();
    let wish = Wish::HandOver { to: to.to_owned(), successor };
    accept(&RoleTable::shipped(), &everybody[who - 1], &wish, &everybody)
}

fn shown(accepted: &Accepted) -> String {
    let moves =
        accepted.moves.iter().map(|one| format!("{}: {} > {}", one.person, one.from.as_deref().unwrap(), one.to));
    format!("{} {} [{}]", accepted.kind.as_str(), moves.collect::<Vec<_>>().join(", "), accepted.offices.join(" "))
}

#[test]
fn an_office_goes_to_a_successor_who_is_granted_first() {
    let accepted = hand_over(1, "member", 3).unwrap();
    assert_eq!(shown(&accepted), "hand_over 3: head > board_finance, 1: board_finance > member [board_finance]");
}

#[test]
fn two_on_the_board_exchange_their_offices() {
    let accepted = change(1, "board_internal").unwrap();
    assert_eq!(
        shown(&accepted),
        "exchange 2: board_internal > board_finance, 1: board_finance > board_internal [board_finance board_internal]"
    );
}

#[test]
fn the_vacant_office_next_door_needs_a_successor_for_the_own_one() {
    assert!(
        matches!(change(1, "board_external"), Err(Refusal::NeedsSuccessor { office }) if office == "board_finance")
    );
    assert_eq!(
        shown(&hand_over(1, "board_external", 3).unwrap()),
        "hand_over 3: head > board_finance, 1: board_finance > board_external [board_external board_finance]"
    );
}

#[test]
fn an_office_is_not_left_without_a_successor() {
    assert!(matches!(change(1, "member"), Err(Refusal::NeedsSuccessor { .. })));
}

#[test]
fn other_roles_are_changed_alone_and_never_upwards() {
    assert_eq!(shown(&change(3, "member").unwrap()), "change 3: head > member []");
    for (who, to) in [(3, "board_finance"), (4, "head"), (5, "member"), (4, "honorary_member")] {
        assert!(matches!(change(who, to), Err(Refusal::NotAllowed { .. })), "{who} {to}");
    }
    assert_eq!(change(3, "head"), Err(Refusal::Same));
    assert_eq!(change(3, "chief"), Err(Refusal::UnknownRole { role: "chief".to_owned() }));
    assert!(matches!(change(6, "member"), Err(Refusal::NoRole { .. })));
}

#[test]
fn not_everybody_can_be_a_successor() {
    assert!(matches!(hand_over(1, "member", 5), Err(Refusal::NotEligible { .. })), "a candidate");
    assert!(matches!(hand_over(1, "member", 2), Err(Refusal::NotEligible { .. })), "whose own office would be vacant");
    assert!(matches!(hand_over(1, "member", 1), Err(Refusal::NotEligible { .. })), "oneself");
    assert!(matches!(hand_over(1, "member", 6), Err(Refusal::NoRole { .. })), "somebody without a role");
    assert_eq!(hand_over(1, "member", 99), Err(Refusal::UnknownPerson));
    assert!(matches!(hand_over(1, "board_internal", 3), Err(Refusal::OfficeTaken { .. })));
    assert!(matches!(hand_over(3, "member", 4), Err(Refusal::NotAnOffice { .. })));
}

#[test]
fn both_need_an_object_id() {
    for missing in [0, 2] {
        let mut everybody = everybody();
        everybody[missing].object_id = None;
        let wish = Wish::HandOver { to: "member".to_owned(), successor: 3 };
        let refusal = accept(&RoleTable::shipped(), &everybody[0], &wish, &everybody).unwrap_err();
        assert!(
            matches!(&refusal, Refusal::MissingObjectId { name } if *name == everybody[missing].name),
            "{refusal:?}"
        );
    }
}

#[test]
fn what_nobody_has_decided_yet_is_not_built_upon() {
    let mut everybody = everybody();
    everybody[2].ceiling = Some("member".to_owned());
    let wish = Wish::HandOver { to: "member".to_owned(), successor: 3 };
    let refusal = accept(&RoleTable::shipped(), &everybody[0], &wish, &everybody).unwrap_err();
    assert!(matches!(refusal, Refusal::Undecided { .. }));
}

#[test]
fn a_repair_carries_the_stored_role_to_entra_whatever_entra_shows() {
    let everybody = everybody();
    let accepted = repair(&RoleTable::shipped(), &everybody[0], &everybody).unwrap();
    assert_eq!(shown(&accepted), "repair 1: board_finance > board_finance [board_finance]");
    assert!(!accepted.moves[0].must_hold);
    let mut everybody = everybody;
    everybody[3].role = Some("board_finance".to_owned());
    let refusal = repair(&RoleTable::shipped(), &everybody[0], &everybody).unwrap_err();
    assert!(matches!(refusal, Refusal::OfficeTaken { .. }));
}

#[test]
fn what_somebody_may_choose_is_what_would_be_accepted() {
    let (table, everybody) = (RoleTable::shipped(), everybody());
    let of = |who: usize| {
        let choices = choices(&table, &everybody[who - 1], &everybody);
        choices.iter().map(|(entry, way)| format!("{} {way:?}", entry.role)).collect::<Vec<_>>()
    };
    assert_eq!(
        of(1),
        [
            "alumni HandOver([3, 4])",
            "member HandOver([3, 4])",
            "head HandOver([3, 4])",
            "board_internal Exchange(2)",
            "board_external HandOver([3, 4])"
        ]
    );
    assert_eq!(of(3), ["alumni Alone", "member Alone"]);
    assert!(of(5).is_empty() && of(6).is_empty());
}

#[test]
fn a_missing_object_id_hides_no_choice_so_that_its_message_can_be_read() {
    let table = RoleTable::shipped();
    let mut everybody = everybody();
    everybody[1].object_id = None;
    everybody[2].object_id = None;
    let of = |who: usize, everybody: &[Candidate]| {
        let choices = choices(&table, &everybody[who - 1], everybody);
        choices.iter().map(|(entry, way)| format!("{} {way:?}", entry.role)).collect::<Vec<_>>()
    };
    let offered = of(1, &everybody);
    assert!(offered.contains(&"member HandOver([3, 4])".to_owned()), "{offered:?}");
    assert!(offered.contains(&"board_internal Exchange(2)".to_owned()), "{offered:?}");
    assert_eq!(of(3, &everybody), ["alumni Alone", "member Alone"]);
}
