//! `/`: what this is and the way in. Says nothing about customers, not even whether there are any.

use askama::Template;

use super::Frame;
use super::texts::texts;

/// The public main page.
#[derive(Debug, Template)]
#[template(path = "main_page.html")]
pub(crate) struct MainPage<'a> {
    frame: &'a Frame,
    t: &'static MainTexts,
}

impl<'a> MainPage<'a> {
    /// The page in a frame.
    pub(crate) fn new(frame: &'a Frame) -> Self {
        Self { frame, t: MainTexts::of(frame.language) }
    }
}

texts! {
    MainTexts {
        title: "Lizenzen im Blick", "Licences in view";
        tagline: "Die Leitwarte für Lizenzen von Microsoft 365", "The control room for Microsoft 365 licences";
        intro: "Alle Tenants, alle Lizenzen, das Dringendste zuerst. Wer hier nachsieht, weiss Bescheid, bevor ein Kunde anruft.",
            "Every tenant, every licence, the most urgent first. Look here and know before a customer calls.";
        sign_in: "Mit Microsoft anmelden", "Sign in with Microsoft";
        sign_in_note: "Mit dem Konto, mit dem Sie auch sonst arbeiten.", "With the account you work with anyway.";
        polled_title: "Abgefragt statt abgetippt", "Polled, not typed";
        polled: "Der Bestand kommt alle paar Minuten von Microsoft Graph. Jede Zahl sagt, wie alt sie ist.",
            "The stock comes from Microsoft Graph every few minutes. Each number says how old it is.";
        honest_title: "Nichts wirkt besser, als es ist", "Nothing looks better than it is";
        honest: "Zu viel Zugewiesenes erscheint negativ, und veraltete Zahlen gelten nie als in Ordnung.",
            "Over-assignment shows as negative, and numbers that are too old never show as fine.";
        house_title: "Bleibt im Haus", "Stays in the house";
        house: "Läuft auf der eigenen Maschine. Kundendaten verlassen das Netz nur Richtung Microsoft.",
            "Runs on your own machine. Customer data leaves the network for Microsoft only.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: leitwarte_web::http::Language) -> String {
    MainPage::new(&Frame::public_sample(language)).render().unwrap()
}
