//! Texts of the pages, German and English side by side. A text that lacks one language does not compile.

use leitwarte_web::http::Language;

/// Declares the texts of one page: `name: "German", "English";` each. In templates they are `{{ t.name }}`.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $field:ident: $german:literal, $english:literal;)* }) => {
        $(#[$about])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[$note])* pub(crate) $field: &'static str,)*
        }

        impl $name {
            /// The texts in a language.
            pub(crate) fn of(language: leitwarte_web::http::Language) -> &'static Self {
                static GERMAN: $name = $name { $($field: $german,)* };
                static ENGLISH: $name = $name { $($field: $english,)* };
                match language {
                    leitwarte_web::http::Language::German => &GERMAN,
                    leitwarte_web::http::Language::English => &ENGLISH,
                }
            }
        }
    };
}
pub(crate) use texts;

/// Of two texts the one in this language.
pub(crate) fn pick<'a>(language: Language, german: &'a str, english: &'a str) -> &'a str {
    match language {
        Language::German => german,
        Language::English => english,
    }
}

texts! {
    /// What stands around every page.
    FrameTexts {
        skip: "Zum Inhalt springen", "Skip to content";
        navigation: "Hauptnavigation", "Main navigation";
        home: "Leitwarte, zur Übersicht", "Leitwarte, to the overview";
        menu_of: "Menü von", "Menu of";
        language: "Sprache", "Language";
        theme: "Darstellung", "Appearance";
        system: "wie das System", "as the system";
        light: "hell", "light";
        dark: "dunkel", "dark";
        sign_in: "Anmelden", "Sign in";
        sign_out: "Abmelden", "Sign out";
        api: "API", "API";
        footer: "Leitwarte – Lizenzen im Blick", "Leitwarte – licences in view";
        close: "Schliessen", "Close";
        offline: "Keine Verbindung. Die Zahlen auf dieser Seite sind so alt, wie dabei steht.",
            "No connection. The numbers on this page are as old as they say.";
        paused: "Angehalten, weil niemand da war. Eine Bewegung genügt, und die Zahlen sind wieder frisch.",
            "Paused, because nobody was there. One move, and the numbers are fresh again.";
        failed: "Das hat nicht geklappt.", "That did not work.";
        overview: "Übersicht", "Overview";
        licences: "Lizenzen", "Licences";
        tenants: "Tenants", "Tenants";
        help: "Hilfe", "Help";
        certificates: "Zertifikate", "Certificates";
        incidents: "Vorfälle", "Incidents";
        monitoring: "Überwachung", "Monitoring";
        settings: "Einstellungen", "Settings";
        audit: "Änderungen", "Audit log";
        roles: "Rollen", "Roles";
    }
}
