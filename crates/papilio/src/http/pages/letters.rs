//! What the mails say.

use msnp::handle::Handle;

use super::Pages;
use crate::mail::{Letter, address_of};
use crate::store::token::Token;

/// To somebody who signs up.
pub(super) fn confirm(pages: &Pages, to: &Handle, token: &Token) -> Option<Letter> {
    let link = link(pages, "/account/confirm", token)?;
    let text = format!(
        "Hello,\n\n\
         somebody, hopefully you, wants to make a Messenger account with this address:\n\n\
         \x20   {to}\n\n\
         To finish it, open this page and type the password that you chose:\n\n\
         \x20   {link}\n\n\
         If it was not you, do nothing: there will be no account.\n"
    );
    letter(to, "Finish your Messenger account", text)
}

/// To somebody who signs up and has an account.
pub(super) fn already_there(pages: &Pages, to: &Handle) -> Option<Letter> {
    let address = pages.services.config.pages.address.as_ref()?;
    let text = format!(
        "Hello,\n\n\
         somebody, hopefully you, wanted to make a Messenger account with this address, but there is one \
         already:\n\n\
         \x20   {to}\n\n\
         You can sign in here:\n\n\
         \x20   {}\n\n\
         If you have forgotten your password, choose another one:\n\n\
         \x20   {}\n\n\
         If it was not you, do nothing. Nothing has changed.\n",
        address.at("/account/sign-in"),
        address.at("/account/forgotten"),
    );
    letter(to, "You have a Messenger account already", text)
}

/// To somebody who has forgotten a password.
pub(super) fn reset(pages: &Pages, to: &Handle, token: &Token) -> Option<Letter> {
    let link = link(pages, "/account/reset", token)?;
    let text = format!(
        "Hello,\n\n\
         somebody, hopefully you, has forgotten the password of this Messenger account:\n\n\
         \x20   {to}\n\n\
         Here another one can be chosen:\n\n\
         \x20   {link}\n\n\
         If it was not you, do nothing. Nothing has changed.\n"
    );
    letter(to, "Another password for Messenger", text)
}

fn letter(to: &Handle, subject: &str, text: String) -> Option<Letter> {
    Some(Letter {
        to: address_of(to)?,
        subject: subject.to_owned(),
        text,
    })
}

fn link(pages: &Pages, path: &str, token: &Token) -> Option<String> {
    let address = pages.services.config.pages.address.as_ref()?;
    Some(address.at(&format!("{path}?token={}", token.expose())))
}
