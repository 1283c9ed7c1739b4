//! `sharepoint_infos` in a profile's text.

use anyhow::{Context as _, bail};
use leitwarte_core::sharepoint::profile::{ListAddresses, SharePointProfile};

const KEY: &str = "\"sharepoint_infos\"";

/// As it stands in a profile, indented as a part of it.
pub(super) fn shown(lists: &ListAddresses) -> anyhow::Result<String> {
    let value = serde_json::to_string_pretty(lists)?;
    Ok(format!("  {KEY}: {}", value.replace('\n', "\n  ")))
}

/// The profile's text with these lists in it and nothing else changed: not its order, nor what a person wrote between.
pub(super) fn written(text: &str, lists: &ListAddresses) -> anyhow::Result<String> {
    let entry = shown(lists)?;
    let new = if let Some(start) = text.find(KEY) {
        let Some(end) = end_of_object(text, start) else { bail!("`sharepoint_infos` in the profile is no object") };
        format!("{}{}{}", &text[..start], entry.trim_start(), &text[end..])
    } else {
        let Some(end) = text.rfind('}') else { bail!("the profile is no JSON object") };
        format!("{},\n{entry}\n{}", text[..end].trim_end(), &text[end..])
    };
    // Whatever the text looked like: it must say exactly what was meant.
    let parsed = SharePointProfile::parse(&new).context("the changed profile cannot be read; change it by hand")?;
    if parsed.lists != *lists {
        bail!("the profile cannot be changed safely; put `sharepoint_infos` in by hand");
    }
    Ok(new)
}

/// Where the object that follows ends; braces inside of texts do not count.
fn end_of_object(text: &str, start: usize) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, letter) in text[start + KEY.len()..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' if !in_text => depth += 1,
            '}' if !in_text => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(start + KEY.len() + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use leitwarte_core::Uuid;
    use leitwarte_core::sharepoint::profile::FieldMapping;

    use super::*;

    fn lists() -> ListAddresses {
        ListAddresses {
            site_id: format!("contoso.sharepoint.com,{},{}", Uuid::from_u128(1), Uuid::from_u128(2)),
            license_list_id: Uuid::from_u128(3),
            tenant_list_id: Uuid::from_u128(4),
            parameter_list_id: Some(Uuid::from_u128(5)),
            tenant_field: "tenant".to_owned(),
            field_mapping: FieldMapping {
                free: "Frei".to_owned(),
                consumed: "Gebraucht".to_owned(),
                available: "Verf_x00fc_gbar".to_owned(),
                trigger: "trigger_inform_supporter".to_owned(),
                tenant: "tenant".to_owned(),
                licence: "Title".to_owned(),
            },
        }
    }

    const APP: &str = "{\n  \"tenant_id\": \"7d0d8a3e-52c7-4b0e-9f5b-0e6f0f7b9a11\", \"tenant_name\": \"in}tra\\\"net\",\n  \
                       \"client_id\": \"0c5b7f3a-8d1e-4a57-8a42-3f1c7a1d9b22\", \"cert_path\": \"c.pem\",\n  \
                       \"thumbprint\": \"A1B2C3D4E5F60718293A4B5C6D7E8F9012345678\", \"expires\": \"2030-01-01\"";

    #[test]
    fn a_profile_without_lists_gets_them_at_its_end() {
        let new = written(&format!("{APP}\n}}\n"), &lists()).unwrap();
        assert_eq!(new, format!("{APP},\n{}\n}}\n", shown(&lists()).unwrap()));
    }

    #[test]
    fn only_the_lists_are_changed() {
        let end = "\n,  \"assertion\" :\"rs256\"}";
        let text = format!("{APP},\n    \"sharepoint_infos\": {{\"site_id\": \"}}{{\\\"\", \"x\": {{}} }}{end}");
        let new = written(&text, &lists()).unwrap();
        assert!(new.starts_with(&format!("{APP},\n    \"sharepoint_infos\": {{\n")) && new.ends_with(end), "{new}");
        assert_eq!(written(&new, &lists()).unwrap(), new, "and doing it again changes nothing");
    }

    #[test]
    fn what_cannot_be_changed_is_left_to_a_person() {
        for text in ["", "[]", "{\"sharepoint_infos\": 1}", "{\"sharepoint_infos\": {"] {
            assert!(written(text, &lists()).is_err(), "{text}");
        }
    }
}
