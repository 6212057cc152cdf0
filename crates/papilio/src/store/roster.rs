//! placeholder until the roster lands
use super::account::AccountId;
use msnp::handle::Handle;
use msnp::roster::{Lists, Privacy};
#[derive(Clone, Debug)]
pub enum RosterChange {
    Lists {
        owner: AccountId,
        contact: AccountId,
        lists: Lists,
        touched: Lists,
    },
    Added {
        adder: AccountId,
        added: AccountId,
    },
    Removed {
        remover: AccountId,
        removed: AccountId,
    },
    Privacy {
        owner: AccountId,
        privacy: Privacy,
    },
    AddressBook {
        owner: AccountId,
    },
}
#[derive(Clone, Debug, Default)]
pub struct SessionRoster {
    pub privacy: Privacy,
    pub contacts: Vec<(AccountId, Handle, Lists)>,
}
impl super::Store {
    pub async fn roster_of(&self, _id: AccountId) -> Result<SessionRoster, super::StoreError> {
        Ok(SessionRoster::default())
    }
}
